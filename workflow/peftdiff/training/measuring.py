"""How well a model names the labels of images."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from peftdiff.backbones import to_input
from peftdiff.imagesets import Images, batches
from peftdiff.runtime import Setting
from peftdiff.training.device import autocast, on_device


@torch.no_grad()
def accuracy(
    model: nn.Module, images: Images, *, setting: Setting, batch_size: int = 250
) -> float:
    """Return the percentage of images whose label the model names."""
    model.to(setting.device).eval()
    labels = torch.from_numpy(np.array(images.labels)).to(setting.device)
    correct = torch.zeros((), device=setting.device)
    for batch, read in batches(images.pixels, batch_size):
        pixels = on_device(read, setting.device)
        with autocast(setting):
            logits = model(to_input(pixels, images.mean, images.std))
        correct += (logits.argmax(1) == labels[batch]).sum()
    return 100 * float(correct) / len(labels)

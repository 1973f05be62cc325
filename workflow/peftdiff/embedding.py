"""Embedding: a task's images through a model, in one pass."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from timm.models.vision_transformer import VisionTransformer

from peftdiff.backbones import head_inputs, to_input
from peftdiff.imagesets import Images
from peftdiff.runtime import Setting
from peftdiff.training import autocast


@torch.inference_mode()
def embed(
    model: VisionTransformer,
    images: Images,
    out: NDArray[np.float32],
    *,
    setting: Setting,
    batch_size: int = 250,
) -> None:
    """Write the features of images, as the head would receive them, into `out`.

    Parameters
    ----------
    model
        A timm vision transformer, a method attached or not; its head is not used.
    images
        n images; they may be a map of a file that does not fit into memory.
    out
        (n, d) float32, such as a map of the result's file.

    Raises
    ------
    ValueError
        Where a feature is not finite.
    """
    model.to(setting.device).eval()
    for start in range(0, len(images.pixels), batch_size):
        batch = slice(start, start + batch_size)
        # A copy, because the array may be a read-only map of a file.
        pixels = torch.from_numpy(np.array(images.pixels[batch])).to(setting.device)
        with autocast(setting):
            features = head_inputs(model, to_input(pixels, images.mean, images.std))
        out[batch] = features.float().cpu().numpy()
        if not np.isfinite(out[batch]).all():
            raise ValueError(
                f"the features of images {start} and following are not finite;"
                " the model's weights diverged: lower its learning rate and retrain"
            )

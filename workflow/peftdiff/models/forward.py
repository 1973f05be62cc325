"""Embedding: a task's images through a model, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from peftdiff.data.images import Images, batches
from peftdiff.embeddings import ModelName
from peftdiff.models.device import Setting, autocast, describe_device, on_device
from peftdiff.models.vit import head_inputs, to_input
from peftdiff.runtime import logger, measure


def embed_models(
    makers: Mapping[ModelName, Callable[[], VisionTransformer]],
    images: Images,
    out: Mapping[ModelName, NDArray[np.float32]],
    *,
    setting: Setting,
    batch_size: int = 250,
) -> pd.DataFrame:
    """Embed images through one model after another, into the arrays of their names.

    `makers` make the models; each is gone before the next one is made.

    Returns
    -------
    DataFrame
        A row per model (the backbone, or a method of one seed): model, seed, seconds
        (of the pass over all images, warm), device, n_images.
    """
    rows = []
    for name, make in makers.items():
        logger.info("embedding %d images through %s", len(images.pixels), name)
        seconds = timed_embed(
            make(), images, out[name], setting=setting, batch_size=batch_size
        )
        rows.append({**name.columns(), "seconds": seconds})
    return pd.DataFrame(rows).assign(
        device=describe_device(setting), n_images=len(images.pixels)
    )


def timed_embed(
    model: VisionTransformer,
    images: Images,
    out: NDArray[np.float32],
    *,
    setting: Setting,
    batch_size: int = 250,
) -> float:
    """Embed images as `embed` does, after an untimed batch; return the seconds.

    A pass that is short is repeated: the same numbers are written again, and the
    median counts.
    """
    first = slice(batch_size)
    embed(model, images.part(first), out[first], setting=setting, batch_size=batch_size)

    def work() -> None:
        embed(model, images, out, setting=setting, batch_size=batch_size)

    return measure(work)[1]


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
        n images; they may be a map of a file that does not fit into memory, or image
        files that are decoded batch by batch.
    out
        (n, d) float32, such as a map of the result's file.

    Raises
    ------
    ValueError
        Where a feature is not finite.
    """
    model.to(setting.device).eval()
    parts = []
    for _, read in batches(images.pixels, batch_size):
        pixels = on_device(read, setting.device)
        with autocast(setting):
            features = head_inputs(model, to_input(pixels, images.mean, images.std))
        parts.append(features.float())
    # Copied at the end, so that a GPU has the next batch before one is done.
    out[:] = torch.cat(parts).cpu().numpy()
    finite = np.isfinite(out).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"the features of image {np.argmin(finite)} are not finite; the model's"
            " weights diverged: lower its learning rate and retrain"
        )


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

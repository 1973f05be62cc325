"""The batches of an epoch, and what they hold of the images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from peftdiff.data.images import Images
from peftdiff.models.device import Setting, autocast
from peftdiff.models.vit import head_inputs, to_input
from peftdiff.training.recipe import Recipe
from peftdiff.training.seeds import generator

Batch = tuple[Tensor, Tensor]  # input and labels
BatchesOfEpoch = Callable[[int, int, int], Iterator[Batch]]
"""Takes the batch size, the seed and the epoch's number."""


def make_batches(
    model: nn.Module,
    images: Images,
    recipe: Recipe,
    setting: Setting,
    *,
    size: int | None = None,
    workers: int = 0,
) -> tuple[BatchesOfEpoch, nn.Module]:
    """Return a function for the batches of an epoch, and the module that takes them.

    That module is the model. But where the head alone trains and nothing is random, the
    features never change: they are computed once, and the head takes them.
    """
    if recipe.augmentation:
        augmented = augmented_batches(
            images,
            recipe.augmentation,
            size=size,
            device=setting.device,
            workers=workers,
        )
        return augmented, model
    images = images.center(size) if size else images
    if recipe.flips or not _has_fixed_features(model):
        return image_batches(images, setting.device, flips=recipe.flips), model
    features = feature_batches(model, images, setting, recipe.batch_size)
    return features, model.get_classifier()  # type: ignore[operator]


def image_batches(
    images: Images, device: str, *, flips: bool = False
) -> BatchesOfEpoch:
    """Return the batches of images that all lie on the device."""
    pixels, labels = _on_device(images, device)

    def batches(batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        random = generator(seed, "order", epoch)
        for rows in full_batches(len(labels), batch_size, random, device):
            chosen = flip(pixels[rows], random) if flips else pixels[rows]
            yield to_input(chosen, images.mean, images.std), labels[rows]

    return batches


def feature_batches(
    model: nn.Module, images: Images, setting: Setting, batch_size: int
) -> BatchesOfEpoch:
    """Return the batches of features, computed now, that lie on the device."""
    pixels, labels = _on_device(images, setting.device)
    model.eval()
    with torch.no_grad(), autocast(setting):
        inputs = (
            to_input(batch, images.mean, images.std)
            for batch in pixels.split(batch_size)
        )
        features = torch.cat([head_inputs(model, x).float() for x in inputs])

    def batches(batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        random = generator(seed, "order", epoch)
        for rows in full_batches(len(labels), batch_size, random, setting.device):
            yield features[rows], labels[rows]

    return batches


def augmented_batches(
    images: Images,
    parts: Mapping[str, Any],
    *,
    size: int | None,
    device: str,
    workers: int,
) -> BatchesOfEpoch:
    """Return the batches of images that are changed at random, anew in every epoch.

    The parameters are those of `augmentation.Augmented`; size None is the images' own.
    """
    from peftdiff.training.augmentation import Augmented

    size = size or images.pixels.shape[1]
    augmented = Augmented(images, parts, size=size, device=device, workers=workers)

    def batches(batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        random = generator(seed, "order", epoch)
        rows = full_batches(len(augmented), batch_size, random)
        yield from augmented.epoch([each.tolist() for each in rows], seed, epoch)

    return batches


def full_batches(
    count: int, batch_size: int, random: torch.Generator, device: str = "cpu"
) -> list[Tensor]:
    """Return the rows of each full batch, in random order; the rest is left out."""
    order = torch.randperm(count, generator=random).to(device)
    return [rows for rows in order.split(batch_size) if len(rows) == batch_size]


def flip(pixels: Tensor, random: torch.Generator) -> Tensor:
    """Mirror each image (n, h, w, 3) or not, top and bottom, then left and right."""
    for axis in (1, 2):
        chosen = torch.rand(len(pixels), generator=random) < 0.5
        chosen = chosen.to(pixels.device)[:, None, None, None]
        pixels = torch.where(chosen, pixels.flip(axis), pixels)
    return pixels


def _has_fixed_features(model: nn.Module) -> bool:
    head = {id(parameter) for parameter in model.get_classifier().parameters()}  # type: ignore[operator]
    trained = (parameter for parameter in model.parameters() if parameter.requires_grad)
    random = any(
        getattr(module, rate, 0) > 0
        for module in model.modules()
        for rate in ("p", "drop_prob")
    )
    return not random and all(id(parameter) in head for parameter in trained)


def _on_device(images: Images, device: str) -> Batch:
    # The arrays may be read-only maps of a file, which torch would warn about.
    pixels = torch.from_numpy(np.array(images.pixels)).to(device)
    return pixels, torch.from_numpy(np.array(images.labels)).to(device)

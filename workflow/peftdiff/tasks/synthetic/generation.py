"""Drawing functions become sets of images: seeds, blocks, bytes.

Images are drawn in blocks of `BLOCK`, each with its own seed, so that a smaller set is
a prefix of a larger one. Everything is float64 until `quantize`, and computed by
elementwise operations only (no BLAS product, no threaded reduction): the last bits of
a sine may differ between processors, the bytes of the images do not.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peftdiff.tasks.synthetic.canvas import SIZE, Floats, Ints

# Raise this number with every change that changes a byte of an image or a label.
GENERATOR_VERSION = 1
BLOCK = 100

Pixels = NDArray[np.uint8]
Draw = Callable[[np.random.Generator, int, str], tuple[Floats, Ints]]


@dataclass(frozen=True)
class TaskImages:
    """Training and test images of a task, (n, 32, 32, 3) and (n,), with its classes."""

    train_images: Pixels
    train_labels: Ints
    test_images: Pixels
    test_labels: Ints
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class SourceImages:
    """Images (n, 32, 32, 3) with several targets each, (n, len(target_names)).

    Target j has the classes 0 ... target_classes[j] - 1.
    """

    images: Pixels
    targets: Ints
    target_names: tuple[str, ...]
    target_classes: tuple[int, ...]


@dataclass(frozen=True)
class LabeledImages:
    """Images (n, 32, 32, 3) with one label each, (n,)."""

    images: Pixels
    labels: Ints
    class_names: tuple[str, ...]


def generate(draw: Draw, name: str, split: str, size: int) -> tuple[Pixels, Ints]:
    """Draw the first `size` images of a split.

    Parameters
    ----------
    draw
        Takes a random generator, a number of images n and the split's name; returns
        images (n, 3, 32, 32), clipped to [0, 1] here, and integer labels (n, ...).
    name, split
        Names of the task or source and of the split, from which the seeds follow.
    size
        Number of images, at least 1.

    Returns
    -------
    images (size, 32, 32, 3) uint8 and labels (size, ...) int64

    Raises
    ------
    ValueError
        If `size` is below 1.
    """
    if size < 1:
        raise ValueError(f"{name}: the {split} set needs at least 1 image, not {size}")
    images = np.empty((size, SIZE, SIZE, 3), dtype=np.uint8)
    labels = []
    for block, start in enumerate(range(0, size, BLOCK)):
        seed = [zlib.crc32(name.encode()), zlib.crc32(split.encode()), block]
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
        planes, block_labels = draw(rng, BLOCK, split)
        block_images = images[start : start + BLOCK]
        block_images[:] = quantize(planes)[: len(block_images)]
        labels.append(block_labels)
    return images, np.concatenate(labels)[:size].astype(np.int64)


def quantize(planes: Floats) -> Pixels:
    """Turn images (n, 3, 32, 32) in [0, 1] into bytes (n, 32, 32, 3)."""
    grey = np.rint(255 * np.clip(planes, 0, 1))
    return grey.transpose(0, 2, 3, 1).astype(np.uint8)

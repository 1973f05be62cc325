"""Labelled images: in memory, and as the files that jobs hand to each other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.records import read_arrays, read_metadata, write_arrays
from peftdiff.tasks import checksum


@dataclass(frozen=True)
class Images:
    """Images (n, h, w, 3) and their labels (n,), or (n, factors) of several kinds.

    `classes` names the classes of each kind, `mean` and `std` normalize pixels in
    [0, 1], `checksum` is the data's.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[tuple[str, ...], ...]
    mean: float
    std: float
    checksum: str

    @property
    def classes(self) -> tuple[int, ...]:
        """The number of classes of each kind of label."""
        return tuple(len(names) for names in self.class_names)


def write_images(
    path: str,
    splits: Mapping[str, tuple[NDArray[np.uint8], NDArray[np.int64]]],
    class_names: Sequence[Sequence[str]],
) -> None:
    """Write the images and labels of each split, with their checksums."""
    arrays: dict[str, NDArray[Any]] = {}
    metadata = {"class_names": json.dumps(class_names)}
    for split, (pixels, labels) in splits.items():
        arrays |= {f"{split}/pixels": pixels, f"{split}/labels": labels}
        metadata[f"{split}/checksum"] = checksum(pixels, labels)
    write_arrays(path, arrays, metadata)


def read_images(path: str, split: str, normalization: Mapping[str, float]) -> Images:
    """Map the images of a split; nothing is read before it is used.

    Raises
    ------
    UserError
        Where the file is missing, cut off, or lacks the split.
    """
    names = [f"{split}/pixels", f"{split}/labels"]
    arrays = read_arrays(path, names)
    metadata = read_metadata(path)
    return Images(
        pixels=arrays[names[0]],
        labels=arrays[names[1]],
        class_names=tuple(map(tuple, json.loads(metadata["class_names"]))),
        mean=normalization["mean"],
        std=normalization["std"],
        checksum=metadata[f"{split}/checksum"],
    )


def read_checksums(path: str) -> dict[str, str]:
    """Return the checksum of each split of a file; the images are not read."""
    metadata = read_metadata(path)
    checksums = [key for key in metadata if key.endswith("/checksum")]
    return {key.removesuffix("/checksum"): metadata[key] for key in checksums}


def read_splits(
    path: str, normalization: Mapping[str, float], held_out: float | None = None
) -> tuple[tuple[Images, Images], list[str]]:
    """Return images to train on, images to measure on, and checksums of what was read.

    With `held_out`, both are training images, the last ones that share of them, and no
    test image is read.
    """
    train = read_images(path, "train", normalization)
    if held_out is not None:
        return hold_out(train, held_out), [train.checksum]
    test = read_images(path, "test", normalization)
    return (train, test), [train.checksum, test.checksum]


def hold_out(images: Images, share: float) -> tuple[Images, Images]:
    """Split images into the first ones and the last ones, which are a share of all."""
    first = len(images.labels) - round(share * len(images.labels))
    kept, held_out = (
        replace(images, pixels=images.pixels[part], labels=images.labels[part])
        for part in (slice(None, first), slice(first, None))
    )
    return kept, held_out

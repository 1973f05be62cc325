"""Image files become a task's data: decoded once, checked, and written as arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.data.files import ImageFiles
from peftdiff.data.images import batches, pack_files
from peftdiff.data.pixels import FilePixels
from peftdiff.records import streaming_arrays
from peftdiff.runtime import logger

# Raise this number with every change that changes a byte of a prepared task.
PREPARATION_VERSION = 2
BATCH = 256
CHECKSUM_DIGITS = 64  # hexadecimal


@dataclass(frozen=True)
class Preparation:
    """How image files become arrays.

    Parameters
    ----------
    size
        Height and width of the decoded images, in pixels.
    interpolation
        A key of `decoding.RESAMPLING`.
    stored_bytes
        A test set up to this size is kept decoded; a larger one is decoded again,
        batch by batch, whenever it is read. Training images are always kept.
    resize
        One of `decoding.RESIZES`.
    """

    size: int
    interpolation: str
    stored_bytes: float
    resize: str = "squash"

    def pixels(self, files: ImageFiles) -> FilePixels:
        """Return the images, not yet decoded."""
        return FilePixels(
            files.folder, files.names, self.size, self.interpolation, self.resize
        )

    def keeps(self, split: str, files: ImageFiles) -> bool:
        """Return whether a split is kept decoded."""
        size = int(np.prod(self.pixels(files).shape))
        return split == "train" or size <= self.stored_bytes


def write_prepared(
    path: str,
    splits: Mapping[str, ImageFiles],
    class_names: Sequence[str],
    preparation: Preparation,
    origin: Mapping[str, Any],
) -> None:
    """Decode every image of every split, and write what `images.read_images` reads.

    The checksum of a split is that of its decoded images and labels, so that it does
    not depend on whether they are kept.

    Parameters
    ----------
    splits
        The image files of "train" and, except for a source, of "test".
    origin
        Where the images are from, kept with them.

    Raises
    ------
    UserError
        Naming the first image that cannot be decoded; nothing is left at `path` then.
    """
    arrays, shapes = _small_arrays(splits, preparation), {}
    for split, files in splits.items():
        if preparation.keeps(split, files):
            shapes[f"{split}/pixels"] = (preparation.pixels(files).shape, "uint8")
    shapes |= {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    metadata = {
        "class_names": json.dumps([list(class_names)]),
        "source": json.dumps(dict(origin)),
        "size": str(preparation.size),
        "interpolation": preparation.interpolation,
        "resize": preparation.resize,
    }
    for split, files in splits.items():
        metadata[f"{split}/checksum"] = "0" * CHECKSUM_DIGITS  # until it is known
        if f"{split}/files" in arrays:
            metadata[f"{split}/folder"] = str(files.folder)
    with streaming_arrays(path, shapes, metadata) as views:
        for name, array in arrays.items():
            views[name][...] = array
        for split, files in splits.items():
            out = views.get(f"{split}/pixels")
            labels = arrays[f"{split}/labels"]
            pixels = preparation.pixels(files)
            metadata[f"{split}/checksum"] = _decode(split, pixels, labels, out)


def check_decodable(lists: Iterable[ImageFiles], preparation: Preparation) -> None:
    """Raise UserError naming the first image that cannot be decoded."""
    for files in lists:
        for _ in batches(preparation.pixels(files), BATCH):
            pass


def _small_arrays(
    splits: Mapping[str, ImageFiles], preparation: Preparation
) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for split, files in splits.items():
        arrays[f"{split}/labels"] = np.array(files.labels, np.int64)
        if not preparation.keeps(split, files):
            arrays[f"{split}/files"] = pack_files(files.names)
    return arrays


def _decode(
    split: str,
    pixels: FilePixels,
    labels: NDArray[np.int64],
    out: NDArray[np.uint8] | None,
) -> str:
    """Decode a split, into `out` if it is given; return its checksum."""
    use = "kept" if out is not None else "checked, and decoded again when used"
    logger.info("%s: %d images, %s", split, len(pixels), use)
    digest = hashlib.sha256()
    for rows, batch in batches(pixels, BATCH):
        digest.update(batch.tobytes())
        if out is not None:
            out[rows] = batch
    digest.update(labels.astype("<i8").tobytes())
    return digest.hexdigest()

"""Labelled images: in memory, and as the files that jobs hand to each other."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.data.normalization import PerChannel
from peftdiff.data.pixels import FilePixels, Pixels, PixelView
from peftdiff.records import read_arrays, read_metadata, write_arrays
from peftdiff.runtime import UserError


@dataclass(frozen=True)
class Images:
    """Images (n, h, w, 3) and their labels (n,), or (n, factors) of several kinds.

    The pixels are an array, the map of a file, image files yet to be decoded, or a view
    of either.
    `classes` names the classes of each kind, `mean` and `std` normalize pixels in
    [0, 1] (numbers, or one number a channel each), `checksum` is the data's.
    """

    pixels: Pixels
    labels: NDArray[np.int64]
    class_names: tuple[tuple[str, ...], ...]
    mean: PerChannel
    std: PerChannel
    checksum: str

    @property
    def classes(self) -> tuple[int, ...]:
        """The number of classes of each kind of label."""
        return tuple(len(names) for names in self.class_names)

    def part(self, rows: slice) -> Images:
        """Return some of the images, with the checksum of all."""
        return replace(self, pixels=self.pixels[rows], labels=self.labels[rows])

    def pick(self, rows: NDArray[np.intp]) -> Images:
        """Return the images of these rows, yet to be read, with the checksum of all."""
        picked = PixelView(self.pixels, rows)
        return replace(self, pixels=picked, labels=np.array(self.labels[rows]))

    def center(self, size: int) -> Images:
        """Return the central squares, yet to be read, with the checksum of the whole.

        Raises
        ------
        UserError
            Where the images are smaller than `size`.
        """
        height, width = self.pixels.shape[1:3]
        if (height, width) == (size, size):
            return self
        if min(height, width) < size:
            raise UserError(
                f"the images are {height} x {width} and the model's input {size} x"
                f" {size}; give larger ones by config key 'source.folder' or"
                f" 'source.hub', kept at a 'source.stored_size' of at least {size}"
            )
        top, left = (height - size) // 2, (width - size) // 2
        window = (slice(top, top + size), slice(left, left + size))
        return replace(self, pixels=PixelView(self.pixels, window=window))


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


def read_images(
    path: str, split: str, normalization: Mapping[str, PerChannel]
) -> Images:
    """Map the images of a split; nothing is read before it is used.

    Raises
    ------
    UserError
        Where the file is missing, cut off, or lacks the split.
    """
    metadata = read_metadata(path)
    streamed = f"{split}/folder" in metadata
    names = [f"{split}/{'files' if streamed else 'pixels'}", f"{split}/labels"]
    arrays = read_arrays(path, names)
    pixels = arrays[names[0]]
    return Images(
        pixels=_files(pixels, split, metadata) if streamed else pixels,
        labels=arrays[names[1]],
        class_names=tuple(map(tuple, json.loads(metadata["class_names"]))),
        mean=normalization["mean"],
        std=normalization["std"],
        checksum=metadata[f"{split}/checksum"],
    )


def pack_files(names: Sequence[str]) -> NDArray[np.uint8]:
    """Return the names of image files as bytes; a zero stands between two."""
    return np.frombuffer(b"\0".join(map(os.fsencode, names)), np.uint8)


def _files(
    packed: NDArray[np.uint8], split: str, metadata: Mapping[str, str]
) -> FilePixels:
    names = [os.fsdecode(name) for name in packed.tobytes().split(b"\0")]
    how = (int(metadata["size"]), metadata["interpolation"], "central" in metadata)
    return FilePixels(metadata[f"{split}/folder"], names, *how)


def batches(pixels: Pixels, size: int) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Yield the images in batches, as arrays in memory, and where each belongs.

    The next batch is read, and decoded where it must be, while one is in use.
    """
    parts = [slice(start, start + size) for start in range(0, len(pixels), size)]
    with ThreadPoolExecutor(1) as reader:
        # Copies, because the array may be a read-only map of a file.
        ahead = [reader.submit(np.array, pixels[part]) for part in parts[:1]]
        for number, part in enumerate(parts, 1):
            batch = ahead.pop().result()
            ahead += [reader.submit(np.array, pixels[p]) for p in parts[number:][:1]]
            yield part, batch


def read_checksums(path: str) -> dict[str, str]:
    """Return the checksum of each split of a file; the images are not read."""
    metadata = read_metadata(path)
    checksums = [key for key in metadata if key.endswith("/checksum")]
    return {key.removesuffix("/checksum"): metadata[key] for key in checksums}


def read_origin(path: str) -> dict[str, Any]:
    """Return where the images of a file are from, as their preparation has noted it."""
    source: dict[str, Any] = json.loads(read_metadata(path).get("source", "{}"))
    return source


def read_splits(
    path: str, normalization: Mapping[str, PerChannel], held_out: float | None = None
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
        images.part(part) for part in (slice(None, first), slice(first, None))
    )
    return kept, held_out


def checksum(images: Pixels, labels: NDArray[np.int64]) -> str:
    """Return the SHA-256 of the images' and then the labels' bytes (little-endian)."""
    digest = hashlib.sha256(np.ascontiguousarray(images).tobytes())
    digest.update(np.ascontiguousarray(labels, dtype="<i8").tobytes())
    return digest.hexdigest()

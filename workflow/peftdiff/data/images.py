"""Labelled images: in memory, and as the files that jobs hand to each other."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.data.normalization import PerChannel
from peftdiff.data.pixels import FilePixels, Pixels, PixelView
from peftdiff.records import read_arrays, read_metadata, write_arrays
from peftdiff.runtime import UserError


@dataclass(frozen=True)
class Images:
    """Labelled images.

    Attributes
    ----------
    pixels
        (n, height, width, 3), uint8: an array, an array mapped from a file, image files
        to be decoded when they are used, or a view of either.
    labels
        (n,), or (n, kinds) where images have labels of several kinds.
    class_names
        The names of the classes, for each kind of label.
    mean, std
        What pixels in [0, 1] are normalized by.
    checksum
        SHA-256 of the split that the images are from.
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
        """Return the images of these rows, not yet read, with the checksum of all."""
        picked = PixelView(self.pixels, rows)
        return replace(self, pixels=picked, labels=np.array(self.labels[rows]))

    def center(self, size: int) -> Images:
        """Return the central squares, not yet read, with the checksum of the whole.

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
    """Return the images of a split, whose pixels are read only when they are used.

    Raises
    ------
    UserError
        Where the file is missing, cut off, or lacks the split.
    """
    metadata = read_metadata(path)
    decoded = f"{split}/folder" not in metadata
    pixels_name = f"{split}/pixels" if decoded else f"{split}/files"
    arrays = read_arrays(path, [pixels_name, f"{split}/labels"])
    stored = arrays[pixels_name]
    return Images(
        pixels=stored if decoded else _file_pixels(stored, split, metadata),
        labels=arrays[f"{split}/labels"],
        class_names=tuple(map(tuple, json.loads(metadata["class_names"]))),
        mean=normalization["mean"],
        std=normalization["std"],
        checksum=metadata[f"{split}/checksum"],
    )


def pack_files(names: Sequence[str]) -> NDArray[np.uint8]:
    """Return the names of image files as bytes, separated by zeros."""
    return np.frombuffer(b"\0".join(map(os.fsencode, names)), np.uint8)


def _file_pixels(
    packed: NDArray[np.uint8], split: str, metadata: Mapping[str, str]
) -> FilePixels:
    return FilePixels(
        folder=Path(metadata[f"{split}/folder"]),
        names=[os.fsdecode(name) for name in packed.tobytes().split(b"\0")],
        size=int(metadata["size"]),
        interpolation=metadata["interpolation"],
        resize=metadata["resize"],
    )


def batches(pixels: Pixels, size: int) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Yield the rows of each batch of images, and the images as an array in memory.

    The next batch is read, and decoded where it must be, while one is in use.
    """
    slices = [slice(start, start + size) for start in range(0, len(pixels), size)]
    with ThreadPoolExecutor(1) as reader:
        # Copies, because the array may be a read-only map of a file.
        ahead = [reader.submit(np.array, pixels[rows]) for rows in slices[:1]]
        for following, rows in enumerate(slices, 1):
            batch = ahead.pop().result()
            ahead += [
                reader.submit(np.array, pixels[next_rows])
                for next_rows in slices[following : following + 1]
            ]
            yield rows, batch


def read_checksums(path: str) -> dict[str, str]:
    """Return the checksum of each split of a file; the images are not read."""
    metadata = read_metadata(path)
    checksums = [key for key in metadata if key.endswith("/checksum")]
    return {key.removesuffix("/checksum"): metadata[key] for key in checksums}


def read_origin(path: str) -> dict[str, Any]:
    """Return where the images of a file are from, as noted when they were prepared."""
    origin: dict[str, Any] = json.loads(read_metadata(path).get("source", "{}"))
    return origin


def read_splits(
    path: str, normalization: Mapping[str, PerChannel], held_out: float | None = None
) -> tuple[tuple[Images, Images], list[str]]:
    """Return images to train on, images to measure on, and checksums of what was read.

    With `held_out`, a share, the last training images are held out to measure on, and
    no test image is read.
    """
    train = read_images(path, "train", normalization)
    if held_out is not None:
        return hold_out(train, held_out), [train.checksum]
    test = read_images(path, "test", normalization)
    return (train, test), [train.checksum, test.checksum]


def hold_out(images: Images, share: float) -> tuple[Images, Images]:
    """Split off the last images, a share of all.

    Raises
    ------
    UserError
        Where nothing is held out, or nothing left.
    """
    count = len(images.labels)
    kept = count - round(share * count)
    require_parts("ground_truth.selection.share", share, count - kept, count)
    return images.part(slice(None, kept)), images.part(slice(kept, None))


def require_parts(key: str, share: float, held_out: int, count: int) -> None:
    """Raise `UserError` unless a share of images leaves some on either side."""
    if not 0 < held_out < count:
        what, remedy = ("everything", "smaller") if held_out else ("nothing", "larger")
        raise UserError(
            f"config key '{key}' is {share}, which holds out {what} of {count} images;"
            f" make it {remedy}, or take more images"
        )


def checksum(images: Pixels, labels: NDArray[np.int64]) -> str:
    """Return the SHA-256 of the images' and then the labels' bytes (little-endian)."""
    digest = hashlib.sha256(np.ascontiguousarray(images).tobytes())
    digest.update(np.ascontiguousarray(labels, dtype="<i8").tobytes())
    return digest.hexdigest()

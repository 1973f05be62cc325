"""Pixels that are read only when they are used: of image files, or a part of an array.

Both kinds have the length, the shape and the dtype of the array that `numpy.array`
makes of them; indexing them reads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.data.decoding import decode

DECODERS = 8  # threads; Pillow decodes outside the interpreter's lock
VIEW_BATCH = 64  # images read at a time, so that little is held beside what is kept

Rows = slice | NDArray[np.intp]
Window = tuple[slice, slice]  # rows and columns of pixels

WHOLE = (slice(None), slice(None))


@dataclass(frozen=True, eq=False)
class FilePixels:
    """Images (n, size, size, 3), uint8, decoded by `decode` when they are used."""

    folder: Path
    names: Sequence[str]
    size: int
    interpolation: str
    resize: str = "squash"

    dtype = np.dtype(np.uint8)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.names)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of the array that is read."""
        return len(self), self.size, self.size, 3

    def __getitem__(self, rows: Rows) -> FilePixels:
        """Return some of the images, not yet decoded."""
        picked = range(len(self))[rows] if isinstance(rows, slice) else rows
        return replace(self, names=[self.names[row] for row in picked])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Decode all images."""
        pixels = np.empty(self.shape, np.uint8)

        def read(row: int) -> None:
            path = self.folder / self.names[row]
            pixels[row] = decode(path, self.size, self.interpolation, self.resize)

        with ThreadPoolExecutor(DECODERS) as threads:
            for _ in threads.map(read, range(len(self))):
                pass  # so that an error is raised here
        return pixels if dtype is None else pixels.astype(dtype)


class PixelView:
    """Some rows, or a window, of images (n, height, width, 3), uint8."""

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        pixels: Pixels,
        rows: NDArray[np.intp] | None = None,
        window: Window = WHOLE,
    ) -> None:
        self._pixels = pixels
        self._rows = np.arange(len(pixels)) if rows is None else rows
        self._window = window

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of the array that is read."""
        edges = zip(self._window, self._pixels.shape[1:3], strict=True)
        height, width = (len(range(*cut.indices(edge))) for cut, edge in edges)
        return len(self), height, width, 3

    def __getitem__(self, rows: Rows) -> PixelView:
        """Return some of the images, not yet read."""
        return PixelView(self._pixels, self._rows[rows], self._window)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all images, a few at a time."""
        pixels = np.empty(self.shape, np.uint8)
        for start in range(0, len(self), VIEW_BATCH):
            rows = slice(start, start + VIEW_BATCH)
            read = np.asarray(self._pixels[self._rows[rows]])
            pixels[rows] = read[:, *self._window]
        return pixels if dtype is None else pixels.astype(dtype)


Pixels = NDArray[np.uint8] | FilePixels | PixelView

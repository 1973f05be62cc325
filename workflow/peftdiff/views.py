"""Images chosen and cropped without a copy: they are read when they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.decoding import FilePixels

Rows = slice | NDArray[np.intp]
Window = tuple[slice, slice]  # of height and width

WHOLE = (slice(None), slice(None))
AT_ONCE = 64  # images, so that little is read beside what is kept


class PixelView:
    """Some rows, or a window, of images (n, height, width, 3), uint8.

    A part of it is as lazy as the whole; `numpy.array` of either reads it.
    """

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
        """The shape of the array that this stands for."""
        edges = zip(self._window, self._pixels.shape[1:3], strict=True)
        height, width = (len(range(*part.indices(edge))) for part, edge in edges)
        return len(self), height, width, 3

    def __getitem__(self, part: Rows) -> PixelView:
        """Return some of the images, not yet read."""
        return PixelView(self._pixels, self._rows[part], self._window)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all images, a few at a time."""
        pixels = np.empty(self.shape, np.uint8)
        for start in range(0, len(self), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            read = np.asarray(self._pixels[self._rows[part]])
            pixels[part] = read[:, *self._window]
        return pixels if dtype is None else pixels.astype(dtype)


Pixels = NDArray[np.uint8] | FilePixels | PixelView

"""Image files become arrays: decoded, made RGB, resized to a model's input.

As the published code of VTAB-1k's methods does, the whole image is resized to a square,
whatever its shape. Of images to be cropped at random later, the central square is kept
instead, whose shapes are not distorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from peftdiff.runtime import UserError

READERS = 8  # threads; Pillow decodes outside the interpreter's lock
RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}


def decode(
    path: str | Path, size: int, interpolation: str, central: bool = False
) -> NDArray[np.uint8]:
    """Return an image, or its central square alone, as (size, size, 3), uint8.

    Raises
    ------
    UserError
        Where the file is missing or is no whole image.
    """
    try:
        with Image.open(path) as image:
            rgb = image.convert("RGB")
    except FileNotFoundError:
        raise UserError(
            f"the image {path} is missing; restore it, or prepare the task again"
        ) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"the image {path} cannot be decoded ({reason}); replace it, or get a"
            " complete copy of the task"
        ) from None
    box = _central_square(*rgb.size) if central else None
    return np.asarray(rgb.resize((size, size), RESAMPLING[interpolation], box))


def _central_square(width: int, height: int) -> tuple[float, float, float, float]:
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


class FilePixels:
    """Images (n, size, size, 3), uint8, decoded when they are asked for.

    A part of it is as lazy as the whole; `numpy.array` of either decodes it.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        folder: str | Path,
        names: Sequence[str],
        size: int,
        interpolation: str,
        central: bool = False,
    ) -> None:
        self._folder = Path(folder)
        self._names = names
        self._size = size
        self._interpolation = interpolation
        self._central = central

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._names)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of the array that this stands for."""
        return len(self), self._size, self._size, 3

    def __getitem__(self, part: slice | NDArray[np.intp]) -> FilePixels:
        """Return the images of a slice or of some rows, not yet decoded."""
        rows = range(len(self))[part] if isinstance(part, slice) else part
        names = [self._names[row] for row in rows]
        how = (self._size, self._interpolation, self._central)
        return FilePixels(self._folder, names, *how)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Decode all images."""
        pixels = np.empty(self.shape, np.uint8)

        def read(row: int) -> None:
            path = self._folder / self._names[row]
            how = (self._size, self._interpolation, self._central)
            pixels[row] = decode(path, *how)

        with ThreadPoolExecutor(READERS) as readers:
            for _ in readers.map(read, range(len(self))):
                pass
        return pixels if dtype is None else pixels.astype(dtype)


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

"""An image file becomes an array: decoded, made RGB, resized to a model's input.

As in the published code of VTAB-1k's methods, the whole image is resized to a square,
whatever its shape. Images that are cropped at random later are reduced to their central
square instead, which distorts no shapes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from peftdiff.runtime import UserError

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
        Where the file is missing, or is not a complete image.
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
    width, height = rgb.size
    box = _central_square(width, height) if central else None
    return np.asarray(rgb.resize((size, size), RESAMPLING[interpolation], box))


def _central_square(width: int, height: int) -> tuple[float, float, float, float]:
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side

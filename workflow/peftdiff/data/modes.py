"""An image of any of Pillow's modes becomes 8-bit RGB, over white where transparent.

Nothing is clipped. Of 16-bit values the upper eight bits are taken, as Pillow does for
images in color. Longer integers and floats are brought to 8 bits by the range that the
file declares; floats from 0 to 1 are taken for shares of white; of other values nobody
knows which is white, so that they are refused. Color profiles are not applied, as in
the pipelines that pre-trained backbones have learned from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

SIXTEEN_BITS = frozenset(("I;16", "I;16L", "I;16B", "I;16N"))
PREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}
MAY_BE_TRANSPARENT = frozenset(("1", "L", "LA", "P", "PA", "RGB", "RGBA"))

# Tags of TIFF files.
BITS, INTERPRETATION, SAMPLE_FORMAT = 258, 262, 339
LIMITS = ((340, 341), (280, 281))  # the smallest and the largest value
WHITE_IS_ZERO, UNSIGNED = 0, 1


def to_rgb(image: Image.Image) -> Image.Image:
    """Return an image that has been loaded as opaque RGB of 8 bits.

    Raises
    ------
    ValueError
        Where it has long integers or floats whose range the file does not declare, or
        values that are not finite.
    """
    if image.mode in SIXTEEN_BITS or image.mode in ("I", "F"):
        return _from_deep(image)
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(*profiles, "LAB", "RGB")
        return _made(ImageCms.applyTransform(image, transform))
    if image.mode in PREMULTIPLIED:
        image = image.convert(PREMULTIPLIED[image.mode])
    if image.mode in MAY_BE_TRANSPARENT and image.has_transparency_data:
        return _over_white(image.convert("RGBA"))
    return image.convert("RGB")


def _made(image: Image.Image | None) -> Image.Image:
    assert image is not None  # as it always is unless made in place
    return image


def _over_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """Return a grey image of more than 8 bits as RGB."""
    values = np.asarray(image)
    if image.mode in SIXTEEN_BITS:
        bits = _tag(image, BITS, 16)
        grey = (values >> (int(bits) - 8)).astype(np.uint8)
    elif image.mode == "I" and image.format == "PPM":
        grey = (values >> 8).astype(np.uint8)  # Pillow has brought them to 16 bits
    else:
        grey = _scaled(image, values)
    if _tag(image, INTERPRETATION, None) == WHITE_IS_ZERO:
        grey = 255 - grey
    if "transparency" in image.info:  # the one value that is transparent
        grey = np.where(values == image.info["transparency"], np.uint8(255), grey)
    return Image.fromarray(grey).convert("RGB")


def _scaled(image: Image.Image, values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return values as shares of the range that the file declares, times 255."""
    if values.dtype.kind == "i" and _tag(image, SAMPLE_FORMAT, UNSIGNED) == UNSIGNED:
        values = values.view(np.uint32)
    if not np.isfinite(values).all():
        raise ValueError("it has values that are not finite; convert it to 8 bits")
    low, high = _declared_range(image)
    if low is None and values.dtype.kind == "f":
        low, high = 0.0, 1.0
    least, most = float(values.min()), float(values.max())
    if low is None or high is None or least < low or most > high:
        kind = "floats" if values.dtype.kind == "f" else "integers of 32 bits"
        raise ValueError(
            f"it has {kind} from {least:g} to {most:g} and does not say which is"
            " white; convert it to 8 bits"
        )
    shares = (values.astype(np.float64) - low) / (high - low)
    return np.rint(255 * shares).astype(np.uint8)


def _declared_range(image: Image.Image) -> tuple[float, float] | tuple[None, None]:
    for smallest, largest in LIMITS:
        high, low = _tag(image, largest, None), _tag(image, smallest, 0)
        if high is not None and float(high) > float(low):
            return float(low), float(high)
    return None, None


def _tag(image: Image.Image, number: int, default: Any) -> Any:
    """Return the value of a TIFF file's tag, the first one where it has several."""
    found = getattr(image, "tag_v2", {}).get(number, default)
    return found[0] if isinstance(found, tuple) and found else found

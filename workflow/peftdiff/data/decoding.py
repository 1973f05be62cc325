"""An image file becomes an array: recognized, decoded, made RGB, resized to a square.

This is the only place where image files are opened. A file is recognized by what it
holds, whatever its name. Its first picture is taken (of an animation, or of a file of
several pages), brought to 8-bit RGB over white (`peftdiff.data.modes`), and turned as a
viewer shows it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import (
    ExifTags,
    Image,
    ImageCms,
    PngImagePlugin,
    UnidentifiedImageError,
    features,
)

from peftdiff.data.modes import to_rgb
from peftdiff.runtime import UserError

RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}

# Pillow's formats of pictures that begin with bytes of their own. Left out are those
# that need other programs (EPS, WMF), films (MPEG), measurements (FITS, GRIB, HDF5),
# and those whose beginning any file may have by accident (DIB, SPIDER, IM).
FORMATS = (
    *("JPEG", "MPO", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "HEIF", "JPEG2000"),
    *("PPM", "QOI", "SGI", "SUN", "PCX", "PSD", "ICO", "ICNS", "DDS", "BLP", "MSP"),
    *("XBM", "XPM"),
)
# Formats without such bytes are known by a file's name; or TGA by how it ends.
BY_SUFFIX = {suffix: "TGA" for suffix in (".tga", ".icb", ".vda", ".vst")}
BY_SUFFIX |= {".dib": "DIB", ".im": "IM"}
TGA_END = b"TRUEVISION-XFILE.\0"

NOT_AN_IMAGE = "not an image"
UNDECODABLE = "cannot be decoded"
NEEDS_HEIF = "HEIC, needs the extra heif"
NEEDS_AVIF = "AVIF, which this Pillow does not read"
RAW = "a camera's raw file"
NOT_READ = "an image of a kind that is not read"
MISSING = "it is missing"
DAMAGED = "it is damaged, or of a kind that Pillow does not read"

AVIF_BRANDS = frozenset(b"avif avis".split())
HEIF_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1".split())
RAW_BRAND = b"crx "
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")
HEIF_SUFFIXES = frozenset((".heic", ".heif", ".hif"))
RAW_SIGNATURES = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb")
RAW_SUFFIXES = frozenset(
    (
        *(".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".kdc", ".mef"),
        *(".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2"),
        *(".rwl", ".sr2", ".srf", ".srw", ".x3f"),
    )
)
UNREAD_SUFFIXES = frozenset(
    (".jxl", ".jxr", ".exr", ".hdr", ".fits", ".dcm", ".xcf", ".svg", ".eps", ".ai")
)
# Tags of TIFF files, and values by which those of a camera's sensor are told.
NEW_SUBFILE_TYPE, INTERPRETATION, DNG_VERSION = 254, 262, 50706
PREVIEW = 1  # a bit: the first page is a smaller copy of what else is in the file
SENSOR = (32803, 34892)

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow multiplies a PNG's grey values by, but not the one that is transparent.
PNG_FACTORS = {"L;2": 85, "L;4": 17}


class UndecodableImage(UserError):
    """One image file that cannot be decoded, and why."""

    def __init__(
        self, path: str | Path, reason: str, remedy: str | None = None
    ) -> None:
        self.path, self.reason = Path(path), reason
        name = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
        if reason == MISSING:
            what = "is missing"
            remedy = remedy or "restore it, or prepare the task again"
        else:
            what = f"cannot be decoded ({reason})"
        super().__init__(f"the image {name} {what}; {remedy or 'replace it'}")


def identify(path: Path) -> str | None:
    """Return None if a file is an image that can be read, else a short reason.

    What counts is how the file begins, not its name; no pixels are decoded. Where it is
    named or begins like an image, but none can be read from it, the reason is
    `UNDECODABLE`.
    """
    try:
        _open(path).close()
    except UndecodableImage as error:
        if error.reason in (NEEDS_HEIF, NEEDS_AVIF, RAW):
            return error.reason
        if _named_so(path) or _beginning(path).startswith(SIGNATURES):
            return UNDECODABLE
        return NOT_READ if path.suffix.lower() in UNREAD_SUFFIXES else NOT_AN_IMAGE
    return None


def decode(
    path: str | Path, size: int, interpolation: str, resize: str = "squash"
) -> NDArray[np.uint8]:
    """Return an image as an array (size, size, 3), uint8.

    Parameters
    ----------
    interpolation
        A key of `RESAMPLING`.
    resize
        What becomes of an image that is no square: "squash" brings the whole to one,
        "crop" takes its central square, "pad" adds white at two sides.

    Raises
    ------
    UndecodableImage
        Where the file is missing, is no whole image, or has values of which nobody
        knows which is white.
    """
    with _open(path) as image:
        rgb = _upright_rgb(path, image)
    return np.asarray(_square(rgb, size, RESAMPLING[interpolation], resize))


def _open(path: str | Path) -> Image.Image:
    """Return an image of which no more than the header has been read."""
    try:
        image = _recognized(Path(path))
    except (UndecodableImage, MemoryError):
        raise
    except Exception as error:  # every format has errors of its own
        raise UndecodableImage(path, _in_words(error)) from None
    if 0 not in image.size and not _is_raw(image, Path(path)):
        return image
    image.close()
    raise UndecodableImage(path, "it has no pixels" if 0 in image.size else RAW)


def _recognized(path: Path) -> Image.Image:
    if not path.is_file():
        raise UndecodableImage(path, MISSING)
    Image.init()
    try:
        known = [name for name in FORMATS if name in Image.OPEN]
        return Image.open(path, formats=known)
    except UnidentifiedImageError:
        return Image.open(path, formats=[_other_format(path)])


def _other_format(path: Path) -> str:
    """Return the format of a file that begins like none of those that Pillow has."""
    beginning = _beginning(path)
    brands = set()
    if beginning[4:8] == b"ftyp":
        end = int.from_bytes(beginning[:4])
        brands = {beginning[at : at + 4] for at in (8, *range(16, end, 4))}
    if RAW_BRAND in brands or beginning.startswith(RAW_SIGNATURES):
        raise UndecodableImage(path, RAW)
    if path.suffix.lower() in RAW_SUFFIXES and beginning.startswith(SIGNATURES):
        raise UndecodableImage(path, RAW)
    if brands & AVIF_BRANDS:
        readable = "AVIF" in Image.OPEN and features.check("avif")
        raise UndecodableImage(path, DAMAGED if readable else NEEDS_AVIF)
    if brands & HEIF_BRANDS:
        return _format_of_heif(path)
    if path.suffix.lower() in BY_SUFFIX:
        return BY_SUFFIX[path.suffix.lower()]
    if _ends_with(path, TGA_END):
        return "TGA"
    if beginning.startswith(SIGNATURES):
        raise UndecodableImage(path, DAMAGED)
    raise UndecodableImage(path, "it is no image" if beginning else "it is empty")


def _format_of_heif(path: Path) -> str:
    """Let Pillow read HEIC, by the package of the extra."""
    try:
        import pillow_heif
    except ImportError:
        raise UndecodableImage(path, NEEDS_HEIF) from None
    pillow_heif.register_heif_opener()
    return "HEIF"


def _is_raw(image: Image.Image, path: Path) -> bool:
    """Return whether a TIFF file is a camera's, with a preview as its first page."""
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None:
        return False
    return (
        path.suffix.lower() in RAW_SUFFIXES
        or DNG_VERSION in tags
        or tags.get(INTERPRETATION) in SENSOR
        or bool(tags.get(NEW_SUBFILE_TYPE, 0) & PREVIEW)
    )


def _upright_rgb(path: str | Path, image: Image.Image) -> Image.Image:
    try:
        _widen_transparency(image)
        image.load()
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise UndecodableImage(path, _in_words(error)) from None
    try:
        rgb = to_rgb(image)
    except (ValueError, ImageCms.PyCMSError) as error:
        raise UndecodableImage(path, _in_words(error)) from None
    turn = TURNS.get(_orientation(image))
    return rgb if turn is None else rgb.transpose(turn)


def _widen_transparency(image: Image.Image) -> None:
    """Bring a PNG's transparent color to 8 bits, as Pillow does with the pixels."""
    value = image.info.get("transparency")
    if value is None or not isinstance(image, PngImagePlugin.PngImageFile):
        return
    raw_mode = image.tile[0].args
    if raw_mode in PNG_FACTORS:
        image.info["transparency"] = value * PNG_FACTORS[raw_mode]
    elif raw_mode == "RGB;16B":
        image.info["transparency"] = tuple(channel >> 8 for channel in value)


def _orientation(image: Image.Image) -> int:
    """Return how the camera was held; some formats tell it after the pixels."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # viewers do without damaged notes, too
        return 1


def _square(
    image: Image.Image, size: int, resampling: Image.Resampling, resize: str
) -> Image.Image:
    width, height = image.size
    if resize == "pad":
        scale = size / max(width, height)
        inner = max(1, round(scale * width)), max(1, round(scale * height))
        square = Image.new("RGB", (size, size), "white")
        place = (size - inner[0]) // 2, (size - inner[1]) // 2
        square.paste(image.resize(inner, resampling), place)
        return square
    box = _central_square(width, height) if resize == "crop" else None
    return image.resize((size, size), resampling, box)


def _central_square(width: int, height: int) -> tuple[float, float, float, float]:
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _in_words(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return DAMAGED
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return " ".join(str(error).split()) or type(error).__name__


def _named_so(path: Path) -> bool:
    suffix = path.suffix.lower()
    return Image.registered_extensions().get(suffix) in FORMATS or (
        suffix in HEIF_SUFFIXES or suffix in BY_SUFFIX
    )


def _beginning(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(256)
    except OSError:  # a folder, or one that may not be read
        return b""


def _ends_with(path: Path, end: bytes) -> bool:
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - len(end)))
        return file.read() == end

import io
import os
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageFile

from peftdiff.data.decoding import (
    NEEDS_HEIF,
    NOT_AN_IMAGE,
    NOT_READ,
    RAW,
    RESAMPLING,
    UNDECODABLE,
    decode,
    identify,
)
from peftdiff.runtime import UserError
from tests.helpers import pictures
from tests.helpers.project import LIBRARY, ROOT


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(7):
        pixels = rng.integers(0, 255, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    return tmp_path


NAMES = [f"{number}.png" for number in range(7)]


def test_the_whole_image_becomes_a_square(tmp_path):
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 8:] = 200  # right half
    Image.fromarray(pixels).save(tmp_path / "halves.png")
    image = decode(tmp_path / "halves.png", 8, "bicubic")
    assert image.shape == (8, 8, 3)
    assert image.dtype == np.uint8
    assert (image[:, :3] < 20).all()
    assert (image[:, 5:] > 180).all()


@pytest.mark.parametrize("wide", [True, False])
def test_the_central_square_alone_is_not_distorted(tmp_path, wide):
    pixels = np.full((16, 36, 3), 255, np.uint8)
    pixels[:, 10:26] = np.arange(16)[:, None] * 15  # what is in the middle
    pixels = pixels if wide else pixels.transpose(1, 0, 2)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    image = decode(tmp_path / "wide.png", 16, "bicubic", resize="crop")
    middle = pixels[:, 10:26] if wide else pixels[10:26]
    np.testing.assert_array_equal(image, middle)
    half = decode(tmp_path / "wide.png", 8, "bicubic", resize="crop")
    expected = Image.fromarray(middle).resize((8, 8), Image.Resampling.BICUBIC)
    # At the edge, bicubic weights reach neighbors outside of the square.
    np.testing.assert_array_equal(half[2:6, 2:6], np.asarray(expected)[2:6, 2:6])


def test_a_square_image_has_nothing_but_its_center(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (9, 9, 3), np.uint8)).save(tmp_path / "a.png")
    whole, central = (
        decode(tmp_path / "a.png", 5, "bicubic", how) for how in ("squash", "crop")
    )
    np.testing.assert_array_equal(whole, central)


def test_interpolation_is_pillows(folder):
    with Image.open(folder / "0.png") as image:
        cubic = image.resize((9, 9), Image.Resampling.BICUBIC)
        linear = image.resize((9, 9), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(decode(folder / "0.png", 9, "bicubic"), cubic)
    np.testing.assert_array_equal(decode(folder / "0.png", 9, "bilinear"), linear)
    assert not np.array_equal(cubic, linear)


def test_what_is_no_whole_image_is_named(folder):
    whole = (folder / "0.png").read_bytes()
    for name, content in (
        ("cut.png", whole[:200]),
        ("empty.jpg", b""),
        ("text.jpg", b"not an image"),
    ):
        (folder / name).write_bytes(content)
        with pytest.raises(UserError, match=f"{name} cannot be decoded .*replace it"):
            decode(folder / name, 8, "bicubic")
    with pytest.raises(UserError, match=r"gone\.png is missing; restore it"):
        decode(folder / "gone.png", 8, "bicubic")


def test_a_huge_image_is_refused_before_it_is_decoded(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    with pytest.raises(UserError, match="cannot be decoded"):
        decode(folder / "0.png", 8, "bicubic")


@pytest.mark.parametrize("interpolation", RESAMPLING)
@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("L", "PNG")]
)
def test_plain_images_are_what_the_authors_of_vtab_decode(
    tmp_path, interpolation, mode, kind
):
    """Byte for byte: the archives hold JPEG and PNG files without any notes."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (37, 53, 3), np.uint8)
    path = tmp_path / "000000.jpg"
    Image.fromarray(pixels).convert(mode).save(path, kind)
    with Image.open(path) as image:
        plain = image.convert("RGB").resize((24, 24), RESAMPLING[interpolation])
    np.testing.assert_array_equal(decode(path, 24, interpolation), plain)


def test_a_plain_palette_is_what_the_authors_of_vtab_decode(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    path = tmp_path / "000000.png"
    Image.fromarray(pixels).convert("P").save(path)
    with Image.open(path) as image:
        plain = image.convert("RGB").resize((24, 24), RESAMPLING["bicubic"])
    np.testing.assert_array_equal(decode(path, 24, "bicubic"), plain)


def test_image_files_are_opened_in_one_place():
    files = [*LIBRARY.rglob("*.py"), *(ROOT / "workflow/scripts").glob("*.py")]
    opening = re.compile(r"Image\.open\(|imread\(|ImageFile\.Parser|read_image\(")
    found = {path.name for path in files if opening.search(path.read_text())}
    assert found == {"decoding.py"}


def bands(height, width):
    """Return an image whose upper third is red, its left third elsewhere blue."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    pixels[:, : width // 3] = (0, 0, 255)
    pixels[: height // 3] = (255, 0, 0)
    return pixels


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "MPO"])
def test_a_picture_is_turned_before_it_is_cut(tmp_path, kind, orientation):
    pixels = bands(48, 96)
    notes = Image.Exif()
    notes[pictures.ORIENTATION] = orientation
    path = tmp_path / "picture"
    try:
        Image.fromarray(pixels).save(path, kind, exif=notes, quality=100)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow does not write {kind}")
    upright = pictures.turned(pixels, orientation)
    for resize, box in (("squash", None), ("crop", True)):
        height, width = upright.shape[:2]
        cut = (height - 48) // 2, (width - 48) // 2
        part = upright[cut[0] :, cut[1] :][:48, :48] if box else upright
        plain = Image.fromarray(np.ascontiguousarray(part)).resize((24, 24))
        found = decode(path, 24, "bicubic", resize)
        assert np.abs(found.astype(int) - np.asarray(plain)).mean() < 8


def test_a_damaged_note_on_the_orientation_turns_nothing(tmp_path):
    file = io.BytesIO()
    Image.fromarray(bands(24, 24)).save(file, "PNG", exif=b"Exif\0\0II*\0\xff\xff")
    (tmp_path / "a.png").write_bytes(file.getvalue())
    found = decode(tmp_path / "a.png", 24, "bicubic")
    np.testing.assert_array_equal(found, bands(24, 24))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_the_first_picture_is_taken_of_several(tmp_path, kind):
    colors = ["red", "green", "blue"]
    first, *others = (Image.new("RGB", (9, 9), color) for color in colors)
    path = tmp_path / "several"
    first.save(path, kind, save_all=True, append_images=others)
    assert (np.abs(decode(path, 4, "bicubic") - np.array([255.0, 0, 0])) < 4).all()


@pytest.mark.parametrize("tall", [True, False])
def test_a_strip_is_squashed_cut_or_padded(tmp_path, tall):
    strip = np.zeros((5000, 1, 3) if tall else (1, 5000, 3), np.uint8)
    Image.fromarray(strip).save(tmp_path / "strip.png")
    squash, crop, pad = (
        decode(tmp_path / "strip.png", 8, "bicubic", how)
        for how in ("squash", "crop", "pad")
    )
    assert not squash.any()
    assert not crop.any()
    line = np.full((8, 8, 3), 255)
    line[(slice(None), 3) if tall else 3] = 0
    np.testing.assert_array_equal(pad, line)


def test_padding_keeps_the_shape(tmp_path):
    Image.new("RGB", (40, 20), (10, 20, 30)).save(tmp_path / "wide.png")
    found = decode(tmp_path / "wide.png", 16, "bilinear", "pad")
    assert (found[4:12] == (10, 20, 30)).all()
    assert (found[:4] == 255).all()
    assert (found[12:] == 255).all()


SAMPLES = np.arange(36).reshape(6, 6, 1)
NAN, INFINITE = np.float32("nan"), np.float32("inf")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pictures.tiff(SAMPLES.astype(np.float32)), "floats from 0 to 35"),
        (pictures.tiff(-SAMPLES.astype(np.float32) / 40), "floats from -0.875 to"),
        (pictures.tiff(SAMPLES.astype(np.int32)), "integers of 32 bits from 0 to 35"),
        (pictures.tiff(SAMPLES.astype(np.uint32)), "integers of 32 bits from 0 to 35"),
        (pictures.tiff(SAMPLES.astype(np.int16)), "integers .* from 0 to 35"),
        (
            pictures.tiff(SAMPLES.astype(np.uint32), tags=[(281, "I", [30])]),
            "integers of 32 bits from 0 to 35",  # beyond what is declared
        ),
        (pictures.tiff(np.where(SAMPLES == 3, NAN, 0)), "not finite"),
        (pictures.tiff(np.where(SAMPLES == 3, INFINITE, 0)), "not finite"),
        (b"Pf\n6 6\n-1.0\n" + SAMPLES.astype("<f4").tobytes(), "floats from 0 to 35"),
    ],
)
def test_values_without_a_range_are_refused_by_name(tmp_path, content, reason):
    (tmp_path / "deep").write_bytes(content)
    with pytest.raises(UserError, match=f"deep cannot .*{reason}.* convert it to 8"):
        decode(tmp_path / "deep", 6, "bicubic")


OTHERS = {
    "notes.txt": b"Python is a language\n3 4 5\n",
    "p1.txt": b"P1 is the first of three places\n",
    "table.csv": b"path,label\na.png,cat\n",
    "data.json": b'{"a": 1}',
    "drawing.svg": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
    "drawing.jxl": b"\xff\x0a" + bytes(99),
    "film.mp4": b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(200),
    "film.mov": b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + bytes(200),
    "film.mpg": b"\0\0\1\xb3\x10\0\xf0" + bytes(200),
    "page.pdf": b"%PDF-1.4\n%",
    "drawing.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "archive.zip": b"PK\3\4" + bytes(100),
    "array.npy": b"\x93NUMPY\1\0" + bytes(200),
    "zeros": bytes(2000),
    "headless": b"\x28\0\0\0\4\0\0\0\4\0\0\0\1\0\x18\0" + bytes(200),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_image_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(OTHERS[name])
    drawing = name.startswith("drawing")
    assert identify(tmp_path / name) == (NOT_READ if drawing else NOT_AN_IMAGE)
    with pytest.raises(UserError, match="cannot be decoded"):
        decode(tmp_path / name, 6, "bicubic")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.JPG", b"<html>Sign in</html>"),
        ("photo.png", b""),
        ("photo", b"\xff\xd8\xff\xe0" + bytes(30)),
        ("photo.heic", b"\0\0\0\1"),
        ("photo.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(60)),
    ],
)
def test_what_should_be_an_image_and_is_none_is_told(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert identify(tmp_path / name) == UNDECODABLE


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "TGA"])
@pytest.mark.parametrize("name", ["photo", "photo.dat", "photo.JPG", ".hidden"])
def test_an_image_is_known_by_what_it_holds(tmp_path, kind, name):
    if kind == "TGA":  # which has a mark only at its end, and not always
        name = "photo.TGA"
    Image.new("RGB", (5, 4), (200, 0, 0)).save(tmp_path / name, kind)
    assert identify(tmp_path / name) is None
    assert decode(tmp_path / name, 6, "bicubic")[0, 0, 0] > 190


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    Image.new("RGB", (5, 4)).save(tmp_path / "a.png")

    def refused(*arguments, **how):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refused)
    assert identify(tmp_path / "a.png") == UNDECODABLE
    with pytest.raises(UserError, match=r"a\.png cannot .*permission denied"):
        decode(tmp_path / "a.png", 4, "bicubic")


def test_a_name_that_is_not_utf_8_can_be_printed(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.png")
    path.write_bytes(b"")
    with pytest.raises(UserError) as caught:
        decode(path, 4, "bicubic")
    assert "udcff.png cannot be decoded (it is empty)" in str(caught.value)
    str(caught.value).encode("utf-8")


def test_folders_and_lost_links_are_no_images(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert identify(tmp_path / "folder") == NOT_AN_IMAGE
    assert identify(tmp_path / "link") == NOT_AN_IMAGE


GREY = np.zeros((6, 6, 1), np.uint8)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.dng", pictures.tiff(GREY)),
        ("a.NEF", pictures.tiff(GREY)),
        ("a", pictures.tiff(GREY, tags=[(50706, "B", [1, 4, 0, 0])])),
        ("a.tif", pictures.tiff(GREY, tags=[(254, "I", [1])])),
        ("a.cr3", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(99)),
        ("a", b"FUJIFILMCCD-RAW 0201" + bytes(99)),
    ],
)
def test_a_cameras_raw_file_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert identify(tmp_path / name) == RAW
    with pytest.raises(UserError, match="a camera's raw file"):
        decode(tmp_path / name, 6, "bicubic")


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99)


def test_heic_asks_for_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "photo").write_bytes(HEIC)
    assert identify(tmp_path / "photo") == NEEDS_HEIF
    with pytest.raises(UserError, match="needs the extra heif"):
        decode(tmp_path / "photo", 6, "bicubic")


class StandIn(ImageFile.ImageFile):
    """What the extra's package registers, but for decoding."""

    format = "HEIF"

    def _open(self):
        self._mode, self._size = "RGB", (4, 4)
        self.tile = [ImageFile._Tile("raw", (0, 0, 4, 4), 0, "RGB")]

    @classmethod
    def register(cls):
        Image.register_open("HEIF", cls, lambda start: start[4:12] == b"ftypheic")


def test_heic_is_read_where_its_extra_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "OPEN", Image.OPEN.copy())
    monkeypatch.setattr(Image, "ID", Image.ID.copy())
    package = SimpleNamespace(register_heif_opener=StandIn.register)
    monkeypatch.setitem(sys.modules, "pillow_heif", package)
    (tmp_path / "photo").write_bytes(HEIC)
    for _ in range(2):
        assert identify(tmp_path / "photo") is None
        found = decode(tmp_path / "photo", 4, "bicubic")
        assert found.tobytes() == HEIC[:48]


def test_heic_is_upright(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    pixels, notes = bands(64, 64), Image.Exif()
    for orientation in range(1, 9):
        notes[pictures.ORIENTATION] = orientation
        image = Image.fromarray(pixels)
        image.save(tmp_path / "photo", "HEIF", exif=notes.tobytes(), quality=100)
        found = decode(tmp_path / "photo", 64, "bicubic").astype(int)
        assert np.abs(found - pictures.turned(pixels, orientation)).mean() < 8

import numpy as np
import pytest
from PIL import Image

from peftdiff.data.decoding import decode
from peftdiff.runtime import UserError


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


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    path = tmp_path / f"image.{'jpg' if mode == 'CMYK' else 'png'}"
    Image.new(mode, (5, 4)).save(path)
    assert decode(path, 6, "bicubic").shape == (6, 6, 3)


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

"""Modes of Pillow's that few files have; the usual ones: test_what_a_viewer_shows."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from peftdiff.data.decoding import decode
from tests.helpers import pictures

# Few colors that are neighbors, so that a format's compression changes little.
RAMP = np.full((6, 6, 3), 100, np.uint8)
RAMP[..., 0] = np.linspace(30, 220, 6)
RAMP[..., 2] = np.linspace(40, 200, 6)[:, None]


@pytest.fixture
def decoded(tmp_path):
    def read(content):
        (tmp_path / "picture").write_bytes(content)
        return decode(tmp_path / "picture", 6, "bicubic").astype(float)

    return read


def saved(image, kind, **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "TIFF"), ("CMYK", "JPEG"), ("YCbCr", "TIFF"), ("RGBX", "TIFF")],
)
def test_other_spaces_of_color(decoded, mode, kind):
    image = Image.fromarray(RAMP).convert(mode)
    how = {"quality": 100} if kind == "JPEG" else {}
    np.testing.assert_allclose(decoded(saved(image, kind, **how)), RAMP, atol=3)


def test_lab(decoded):
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(*profiles, "RGB", "LAB")
    image = ImageCms.applyTransform(Image.fromarray(RAMP), transform)
    np.testing.assert_allclose(decoded(saved(image, "TIFF")), RAMP, atol=8)


@pytest.mark.parametrize("white", [True, False])
def test_one_bit(decoded, white):
    image = Image.new("1", (6, 6), white)
    for kind in ("PNG", "TIFF", "BMP", "PPM"):
        assert (decoded(saved(image, kind)) == 255 * white).all()


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_in_either_order(decoded, mode, kind):
    values = np.linspace(0, 65_535, 36).reshape(6, 6)
    image = Image.fromarray(values.astype("<u2" if mode == "I;16" else ">u2"))
    assert image.mode == mode
    found = decoded(saved(image, kind))
    np.testing.assert_allclose(found[..., 0], values / 257, atol=1)
    assert (found[0, 0].tolist(), found[5, 5].tolist()) == ([0] * 3, [255] * 3)


def test_twelve_bits(decoded):
    values = np.arange(36, dtype=np.uint16).reshape(6, 6) * 117  # 4095 at the end
    bits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(6, 6, 2), axis=2)
    rows = np.packbits(bits[:, :, 4:].reshape(6, 72), axis=1)
    tags = [(256, "H", [6]), (258, "H", [12])]
    found = decoded(pictures.tiff(rows[..., None], tags=tags))
    np.testing.assert_allclose(found[..., 0], values / 4095 * 255, atol=1)


@pytest.mark.parametrize("channels", [2, 4])
def test_colors_that_are_multiplied_by_alpha(decoded, channels):
    rng = np.random.default_rng(0)
    alpha = rng.integers(0, 256, (6, 6, 1))
    colors = rng.integers(0, alpha + 1, (6, 6, channels - 1))
    samples = np.concatenate([colors, alpha], axis=2).astype(np.uint8)
    found = decoded(pictures.tiff(samples, tags=[(338, "H", [1])]))
    expected = np.broadcast_to(colors + 255 - alpha, (6, 6, 3))
    np.testing.assert_allclose(found, expected, atol=2)


def test_a_palette_with_an_alpha_channel(decoded):
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (256, 3))
    samples = rng.integers(0, 256, (6, 6, 2)).astype(np.uint8)
    tags = [(262, "H", [3]), (338, "H", [2]), (320, "H", (257 * palette.T).ravel())]
    found = decoded(pictures.tiff(samples, tags=tags))
    expected = pictures.shown(palette[samples[..., 0]] / 255, samples[..., 1] / 255)
    np.testing.assert_allclose(found, expected, atol=2)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_what_is_transparent_shows_the_page(decoded, kind):
    pixels = np.zeros((6, 6, 4), np.uint8)
    pixels[:3] = (200, 30, 30, 255)
    try:
        content = saved(Image.fromarray(pixels), kind)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow does not write {kind}")
    found = decoded(content)
    assert (found[4:] > 250).all()
    np.testing.assert_allclose(found[0], pixels[0, :, :3], atol=30)


def test_a_profile_changes_nothing(decoded):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    content = saved(Image.fromarray(RAMP), "PNG", icc_profile=profile)
    np.testing.assert_array_equal(decoded(content), RAMP)

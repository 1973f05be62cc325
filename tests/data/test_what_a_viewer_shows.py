"""Whatever the format: pixels are those that a viewer shows on a white page."""

import io

import hypothesis
import numpy as np
from hypothesis import strategies as st
from PIL import Image

from peftdiff.data.decoding import decode, identify
from tests.helpers import pictures

EDGE = 6
ORIENTATIONS = st.integers(1, 8)
DEPTHS = {  # of each kind of PNG
    pictures.GREY: (1, 2, 4, 8, 16),
    pictures.COLOR: (8, 16),
    pictures.PALETTE: (1, 2, 4, 8),
    pictures.GREY_ALPHA: (8, 16),
    pictures.COLOR_ALPHA: (8, 16),
}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def drawn(seed, channels, largest, dtype=np.int64):
    rng = np.random.default_rng(seed)
    return rng.integers(0, largest, (EDGE, EDGE, channels), dtype, endpoint=True)


@st.composite
def png_files(draw):
    kind = draw(st.sampled_from(sorted(DEPTHS)))
    depth = draw(st.sampled_from(DEPTHS[kind]))
    seed = draw(st.integers(0, 2**16))
    orientation = draw(ORIENTATIONS) * draw(st.sampled_from([1, -1]))
    white = 2**depth - 1
    samples = drawn(seed, CHANNELS[kind], white)
    how = {"orientation": orientation}
    alpha = None
    if kind == pictures.PALETTE:
        palette = np.random.default_rng(seed + 1).integers(0, 256, (white + 1, 3))
        how["palette"] = palette
        shares = palette[samples[..., 0]] / 255
        if draw(st.booleans()):
            kinds = st.sampled_from([[0], [255, 0], [3, 100], [255, 255, 7]])
            table = draw(kinds)[: white + 1]
            how["transparent"] = bytes(table)
            whole = np.array(table + [255] * (white + 1 - len(table)))
            alpha = whole[samples[..., 0]] / 255
    elif kind in (pictures.GREY_ALPHA, pictures.COLOR_ALPHA):
        shares, alpha = samples[..., :-1] / white, samples[..., -1] / white
    else:
        shares = samples / white
        if draw(st.booleans()):
            color = samples[0, 0]
            how["transparent"] = color.astype(">u2").tobytes()
            alpha = 1.0 - (samples == color).all(axis=2)
    content = pictures.png(samples, kind, depth, **how)
    return content, pictures.shown(shares, alpha, abs(orientation))


@st.composite
def tiff_files(draw):
    order = draw(st.sampled_from("<>"))
    orientation = draw(ORIENTATIONS)
    seed = draw(st.integers(0, 2**16))
    tags = [(pictures.ORIENTATION, "H", [orientation])]
    kind = draw(st.sampled_from(["u1", "u2", "unit", "declared u4", "declared i4"]))
    if kind in ("u1", "u2"):
        white = np.iinfo(kind).max
        channels = draw(st.sampled_from([1, 3, 4] if kind == "u2" else [1, 2, 3, 4]))
        samples = drawn(seed, channels, white, np.dtype(kind))
        shares, alpha = samples / white, None
        if channels in (2, 4):
            shares, alpha = shares[..., :-1], shares[..., -1]
            tags.append((338, "H", [2]))
        elif channels == 1 and order == "<" and draw(st.booleans()):
            tags.append((262, "H", [0]))  # white is zero
            shares = 1 - shares
        return (
            pictures.tiff(samples, order=order, tags=tags),
            pictures.shown(shares, alpha, orientation),
        )
    shares = np.random.default_rng(seed).random((EDGE, EDGE, 1))
    if kind == "unit":
        samples = shares.astype(np.float32)
    elif kind == "declared u4":
        order = "<"  # Pillow reads no others
        samples = np.rint(3e9 * shares).astype(np.uint32)
        tags += [(281, "I", [3 * 10**9])]
    else:
        samples = np.rint(4e5 * shares - 1e5).astype(np.int32)
        tags += [(340, "i", [-100_000]), (341, "i", [300_000])]
    content = pictures.tiff(samples, order=order, tags=tags)
    return content, pictures.shown(shares, None, orientation)


@st.composite
def portable_maps(draw):
    white = draw(st.sampled_from([1, 15, 100, 255, 256, 1023, 4095, 40_000, 65_535]))
    kind, channels = draw(st.sampled_from([(b"P5", 1), (b"P6", 3)]))
    samples = drawn(draw(st.integers(0, 2**16)), channels, white)
    head = b"%s %d %d %d\n" % (kind, EDGE, EDGE, white)
    body = samples.astype(">u2" if white > 255 else "u1").tobytes()
    return head + body, pictures.shown(samples / white)


@st.composite
def files_by_pillow(draw):
    """Formats that carry alpha and orientation, and lose nothing."""
    seed = draw(st.integers(0, 2**16))
    orientation = draw(ORIENTATIONS)
    channels = draw(st.sampled_from([3, 4]))
    samples = drawn(seed, channels, 255, np.uint8)
    kind, how = draw(
        st.sampled_from(
            [
                ("WEBP", {"lossless": True, "exact": True}),
                ("TIFF", {"compression": "tiff_lzw"}),
                ("TIFF", {"compression": "tiff_adobe_deflate"}),
                ("PNG", {}),
                ("TGA", {}),
                ("JPEG2000", {}),
            ]
        )
    )
    if kind in ("TGA", "JPEG2000"):
        orientation = 1
    else:
        notes = Image.Exif()
        notes[pictures.ORIENTATION] = orientation
        how = how | {"exif": notes}
    file = io.BytesIO()
    Image.fromarray(samples).save(file, kind, **how)
    shares, alpha = samples[..., :3] / 255, None
    if channels == 4:
        alpha = samples[..., 3] / 255
    return file.getvalue(), pictures.shown(shares, alpha, orientation)


@hypothesis.settings(deadline=None, max_examples=300)
@hypothesis.given(
    file=st.one_of(png_files(), tiff_files(), portable_maps(), files_by_pillow())
)
def test_pixels_are_what_a_viewer_shows(tmp_path_factory, file):
    content, expected = file
    path = tmp_path_factory.mktemp("files") / "picture"  # known without a suffix
    path.write_bytes(content)
    assert identify(path) is None
    found = decode(path, EDGE, "bicubic")
    # The upper eight bits are less than one off, of a color and of what covers it.
    np.testing.assert_allclose(found, expected, rtol=0, atol=2.5)

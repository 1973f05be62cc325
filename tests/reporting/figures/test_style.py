import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from peftdiff.reporting.figures import style

# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
VISION = {
    "trichromat": np.eye(3),
    "deuteranope": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanope": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanope": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def cielab(colors, vision):
    rgb = np.array([to_rgb(color) for color in colors])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(VISION[vision]), 0, 1)
    xyz = seen @ XYZ.T / XYZ.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [
            116 * f[:, 1] - 16,
            500 * (f[:, 0] - f[:, 1]),
            200 * (f[:, 1] - f[:, 2]),
        ],
        axis=1,
    )


def nearest_pair(colors, vision):
    lab = cielab(colors, vision)
    distances = np.linalg.norm(lab[:, None] - lab, axis=2)
    return distances[np.triu_indices(len(colors), 1)].min()


def test_distances_are_those_of_cielab():
    assert nearest_pair(["black", "white"], "trichromat") == pytest.approx(100, abs=0.1)
    red, green = cielab(["#FF0000", "#00FF00"], "trichromat")
    np.testing.assert_allclose(red, [53.2, 80.1, 67.2], atol=0.2)
    np.testing.assert_allclose(green, [87.7, -86.2, 83.2], atol=0.2)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(
    ("colors", "least"), [(style.METHOD_COLORS, 15), (style.CLASS_COLORS, 16)]
)
def test_palettes_are_told_apart_by_all(colors, least, vision):
    assert nearest_pair(colors, vision) >= least


def test_nine_methods_differ_in_color_and_in_marker():
    colors, markers = zip(*map(style.method_style, range(9)), strict=True)
    assert len(set(colors)) == 9
    assert len(set(markers)) == 9


def test_ninety_methods_differ_in_color_or_marker():
    assert len(set(map(style.method_style, range(90)))) == 90


def test_no_text_is_smaller_than_eight_points():
    sizes = [
        value
        for key, value in style.RC.items()
        if key.endswith(("font.size", "titlesize", "labelsize", "fontsize"))
    ]
    assert len(sizes) >= 6
    assert min(sizes) >= 8


def test_context_restores_what_was_before():
    with matplotlib.rc_context({"font.size": 31, "lines.linewidth": 7}):
        with style.context():
            assert matplotlib.rcParams["font.size"] == 8
            # Another's settings are out of force, not only overlaid.
            assert matplotlib.rcParams["lines.linewidth"] != 7
        assert matplotlib.rcParams["font.size"] == 31


def test_figure_has_the_size_in_millimeters():
    width, height = style.figure(90).get_size_inches()
    assert (25.4 * width, 25.4 * height) == pytest.approx((180, 90))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.345, "0.34"), (-0.1, "−0.10"), (-0.004, "0.00"), (1, "1.00"), (0, "0.00")],
)
def test_numbers(value, text):
    assert style.number(value) == text

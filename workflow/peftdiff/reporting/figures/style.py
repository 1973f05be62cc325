"""The style of all figures: settings, sizes, colors and markers."""

import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from peftdiff.records import replacing

WIDTH = 180.0
"""Width of a figure in mm: the text width of an A4 page."""

CHARACTER_WIDTH = 1.75
"""Approximate width of a character in mm, to make room for names that are not drawn."""

RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same on every machine
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "figure.titlesize": 9,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "#666666",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlepad": 4,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "xtick.labelcolor": "#000000",
    "ytick.labelcolor": "#000000",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.6,
    "savefig.dpi": 200,
    # Outlines instead of font names: an SVG looks the same where the font is missing.
    "svg.fonttype": "path",
    "svg.hashsalt": "peftdiff",
}

METHOD_COLORS = (
    "#332288",
    "#CC6677",
    "#117733",
    "#DDCC77",
    "#88CCEE",
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
)
"""Nine colors of Paul Tol's "muted" scheme (Tol, Colour Schemes, 2021), the darkest
and most different first."""

METHOD_MARKERS = ("o", "s", "^", "D", "v", "P", "<", "X", ">", "p")
"""Ten markers: combined with nine colors, they give 90 different pairs."""

CLASS_COLORS = (
    *("#2233AA", "#EE77AA", "#009944", "#AABB00", "#771100"),
    *("#44CCDD", "#885500", "#8877FF", "#DDAA88", "#443355"),
    *("#CC0088", "#668866", "#0066BB", "#660077", "#88BB55"),
    *("#998800", "#9977BB", "#662233", "#EE88FF", "#665533"),
)
"""Twenty colors for classes, found by a farthest-point search in CIELAB such that any
two are at least 16 apart for trichromats and for three simulated dichromacies."""

ACCENT = "#332288"
INK = "#222222"
GREY = "#757575"
BANDS = ("#E9E9E9", "#D2D2D2")
"""Colors of a null distribution's wide and narrow band."""


@contextmanager
def context() -> Iterator[None]:
    """Apply the style on top of matplotlib's defaults, and restore what was before.

    It is also a decorator. Use it around ``Figure.savefig`` as well: some settings,
    such as those of SVG, are read only then.
    """
    with matplotlib.style.context(RC, after_reset=True):
        yield


def figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure of the given size in mm, laid out by constraints."""
    layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04)
    return Figure(figsize=(width / 25.4, height / 25.4), layout=layout)


def sentence(text: str) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    lines = textwrap.wrap(text, 90)
    empty = figure(12 + 5 * len(lines))
    empty.text(0.02, 0.5, "\n".join(lines), va="center", color=INK)
    return empty


def method_style(position: int) -> tuple[str, str]:
    """Return color and marker of the method at a position of the METHODS table."""
    return (
        METHOD_COLORS[position % len(METHOD_COLORS)],
        METHOD_MARKERS[position % len(METHOD_MARKERS)],
    )


def mean_marker(color: str, marker: str) -> dict[str, Any]:
    """Return the line properties of a mean over seeds."""
    return {
        "marker": marker,
        "markersize": 5.5,
        "markerfacecolor": color,
        "markeredgecolor": INK,
        "markeredgewidth": 0.5,
    }


def seed_marker(color: str) -> dict[str, Any]:
    """Return the line properties of a single seed's value."""
    return {
        "marker": "o",
        "markersize": 2.6,
        "markerfacecolor": color,
        "markeredgecolor": "none",
    }


def number(value: float) -> str:
    """Return a correlation with two decimals and a typographic minus sign."""
    # Adding zero turns the -0.0 that rounding may leave into 0.0.
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def save(figure: Figure, paths: Iterable[str]) -> None:
    """Write a figure to each path, in the format of its suffix.

    No date is written, so that the same figure gives the same bytes each time.
    """
    for path in paths:
        undated = {"Date": None} if path.endswith(".svg") else {}
        with context(), replacing(path) as temporary:
            figure.savefig(temporary, metadata=undated)

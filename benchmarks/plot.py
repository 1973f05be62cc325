"""Seconds against the number of samples, drawn from the benchmark's results alone."""

import statistics
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from peftdiff.reporting.figures import style

WORK = "diffusion_score"
LABELS = {
    "dense": "dense, as published",
    "pydiffmap": "pydiffmap, its map alone",
    "ours": "peftdiff",
    "limit": "float32 product X Yᵀ",
}
"""The sides that are drawn, from the slowest to the fastest."""

Points = dict[int, list[float]]


@style.context()
def draw(results: Mapping[str, Any]) -> Figure:
    """Draw each side's median time of one PEFTDiff score, with its range.

    Parameters
    ----------
    results : mapping
        The benchmark's results, of which the cases of PEFTDiff with 10 classes are
        drawn.

    Raises
    ------
    ValueError
        If there is no time to draw.
    """
    series = _series(results)
    if not series:
        raise ValueError(f"the results hold no time of {WORK}: nothing to draw")
    figure = style.figure(80, 120)
    axes = figure.add_subplot()
    for position, side in enumerate(LABELS):
        if side in series:
            _draw_side(axes, series[side], side, position)
    axes.set(xscale="log", yscale="log", xlabel="samples (768 dimensions, 10 classes)")
    axes.set_ylabel("seconds (median and range)")
    axes.set_xticks(sorted({n for points in series.values() for n in points}))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
    axes.grid()
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _series(results: Mapping[str, Any]) -> dict[str, Points]:
    """Return each drawn side's seconds by number of samples."""
    series: dict[str, Points] = {}
    for case in results["cases"]:
        if case["work"] != WORK or case["n_classes"] != 10:
            continue
        for side, found in case["sides"].items():
            if side in LABELS and found["seconds"]:
                series.setdefault(side, {})[case["n"]] = found["seconds"]
    return series


def _draw_side(axes: Axes, points: Points, side: str, position: int) -> None:
    sizes = sorted(points)
    medians = [statistics.median(points[n]) for n in sizes]
    below = [median - min(points[n]) for n, median in zip(sizes, medians, strict=True)]
    above = [max(points[n]) - median for n, median in zip(sizes, medians, strict=True)]
    color, marker = style.method_style(position)
    if side == "limit":
        color = style.GREY
    axes.errorbar(
        sizes,
        medians,
        yerr=[below, above],
        color=color,
        linestyle="--" if side == "limit" else "-",
        linewidth=1,
        elinewidth=0.6,
        label=LABELS[side],
        zorder=3 if side == "ours" else 2,
        **style.mean_marker(color, marker),
    )

"""Rows of weighted taus: names on the left, chance as bands, numbers on the right."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from peftdiff.reporting import labels
from peftdiff.reporting.figures import style

NUMBER_WIDTH = 30.0


class Row(NamedTuple):
    """A row of a panel; `key` is what it shows, None for the name of a group."""

    height: float
    label: str
    bold: bool
    key: Any


def task_rows(
    tasks: Mapping[str, Sequence[str]],
    mean: Any = "mean",
    counts: Collection[int] = (),
) -> list[Row]:
    """Return the mean's row, a gap, and the tasks below their groups.

    Parameters
    ----------
    tasks
        Task slugs by group slug, both in order.
    mean
        The key of the first row; those of the others are the slugs.
    counts
        Numbers of tasks over which the means of the first row are taken, if not over
        all.
    """
    total = sum(map(len, tasks.values()))
    ends = sorted({min(counts), max(counts)}) if counts else [total]
    over = " to ".join(map(str, ends))
    over += "" if ends == [total] else f" of {total}"
    rows = [Row(0, f"Mean over {over} task{'' if total == 1 else 's'}", True, mean)]
    height = 1.5
    for group, members in tasks.items():
        if group:
            rows.append(Row(height, labels.group_label(group), True, None))
            height += 1
        for task in members:
            rows.append(Row(height, labels.task_label(task), False, task))
            height += 1
    return rows


def draw_bands(
    panel: Axes, height: float, deviation: float, center: float = 0, width: float = 1
) -> None:
    """Draw one and two standard deviations around the mean of chance."""
    if math.isnan(deviation) or math.isnan(center):
        return
    for count, color in zip((2, 1), style.BANDS, strict=True):
        reach = count * deviation
        left = center - reach
        panel.barh(height, 2 * reach, width, left, color=color, zorder=0)


def write(
    panel: Axes, height: float, value: float, bold: bool = False, column: int = 1
) -> None:
    """Write a number into a column to the right of the panel."""
    panel.annotate(
        "n/a" if math.isnan(value) else style.number(value),
        xy=(1, height),
        xycoords=panel.get_yaxis_transform(),
        xytext=(NUMBER_WIDTH * column, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=style.INK,
        fontweight="bold" if bold else "normal",
    )


def head(panel: Axes, text: str, column: int = 1) -> None:
    """Name a column of numbers."""
    panel.annotate(
        text,
        xy=(1, 1),
        xycoords="axes fraction",
        xytext=(NUMBER_WIDTH * column, 4),
        textcoords="offset points",
        ha="right",
        va="bottom",
    )


def mark(color: str, marker: str, filled: bool = True, size: float = 4.5) -> Any:
    """Return the line properties of a tau's marker."""
    return {
        "marker": marker,
        "markersize": size,
        "markerfacecolor": color if filled else "white",
        "markeredgecolor": color,
        "markeredgewidth": 1,
        "linestyle": "none",
    }


def finish(panel: Axes, rows: Sequence[Row], named: bool = True) -> None:
    """Label the rows, and set the axis of tau."""
    panel.axvline(0, color=style.GREY, linewidth=0.6, zorder=1)
    panel.set_xlim(-1.05, 1.05)
    panel.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
    panel.set_ylim(rows[-1].height + 0.6, rows[0].height - 0.6)
    panel.set_yticks(
        [row.height for row in rows], [row.label if named else "" for row in rows]
    )
    for label, row in zip(panel.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.bold else "normal")
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)


def band_legend(what: str = "random rankings") -> dict[str, Artist]:
    """Return the legend's entries for the bands."""
    return {
        f"{what}, ±1 sd": Patch(color=style.BANDS[1]),
        "±2 sd": Patch(color=style.BANDS[0]),
    }


def legend_mark(
    color: str, marker: str, filled: bool = True, size: float = 4.5
) -> Line2D:
    """Return the legend's entry for a marker."""
    return Line2D([], [], **mark(color, marker, filled, size))

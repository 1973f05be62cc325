"""Published figures on one axis: metrics, the static order, ground truths.

Three questions, one scale. How well do the metrics rank the methods, according to the
poster? How well does an order do that looks at no image? And how well do published
ground truths agree with each other? Each line has its tasks as dots, their mean with
two standard errors, and behind it the distribution of the mean by chance.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from peftdiff.evaluation.published import source_label
from peftdiff.reporting import labels
from peftdiff.reporting.figures import style, tables

SERIES = ["kind", "ranking", "truth"]
TAU_COLUMNS = (*SERIES, "task", "weighted_tau")
MEAN_COLUMNS = (
    *SERIES,
    "group",
    "weighted_tau",
    "standard_error",
    "null_sd",
    "n_methods",
    "n_tasks",
)
HEADINGS = {
    "metric": "Metrics, as the poster prints them",
    "static": "Static order, on the ground truth of",
    "agreement": "Agreement of two ground truths",
}
CHANCE = (
    "Chance shuffles the methods' names, in all tasks alike. Of the metrics the poster"
    " prints no scores:\nthere, each task has a random ranking of its own, and the band"
    " may be too narrow."
)
ROW_HEIGHT = 5.2
TASK_OFFSET = 0.3
"""Rows by which the tasks' dots are below the mean, which would hide them."""
NUMBERS = {"mean": 30.0, "methods": 70.0, "tasks": 98.0}
"""Columns of numbers, and their right ends, in points to the right of the axis."""
MEAN = style.mean_marker(style.ACCENT, "D")


class Line(NamedTuple):
    """One line of the figure: the heading of a kind, or a ranking."""

    height: float
    label: str
    mean: pd.Series | None


@style.context()
def draw(published_taus: pd.DataFrame, published_agreement: pd.DataFrame) -> Figure:
    """Draw published taus and their means over tasks.

    Parameters
    ----------
    published_taus
        Rows of ``published_taus.csv``: kind (metric, static, agreement), ranking,
        truth, task, weighted_tau. An empty tau is left out.
    published_agreement
        Rows of ``published_agreement.csv``: kind, ranking, truth, group,
        weighted_tau, standard_error, null_sd, n_methods, n_tasks; those of the group
        "all" are drawn. A mean without a value is written as n/a.

    Raises
    ------
    ValueError
        If a column or every row is missing.
    """
    for table, name, columns in (
        (published_taus, "published_taus.csv", TAU_COLUMNS),
        (published_agreement, "published_agreement.csv", MEAN_COLUMNS),
    ):
        tables.check(table.assign(experiment="published"), name, columns)
    means = published_agreement[published_agreement["group"] == "all"]
    lines = list(_lines(means))
    figure = style.figure(42 + ROW_HEIGHT * lines[-1].height)
    axes = figure.add_subplot()
    by_series = dict(list(published_taus.groupby(SERIES)["weighted_tau"]))
    for line in lines:
        if line.mean is not None:
            tasks = by_series.get(tuple(line.mean[SERIES]), pd.Series(dtype=float))
            _draw_line(axes, line.height, line.mean, tasks)
    _finish(axes, lines)
    figure.supxlabel(CHANCE, fontsize=8, color=style.GREY)
    _add_legend(figure)
    return figure


def _lines(means: pd.DataFrame) -> Iterator[Line]:
    """Yield the lines from top to bottom: kind by kind, by falling mean."""
    height = 0.0
    for kind, heading in HEADINGS.items():
        of_kind = means[means["kind"] == kind]
        if of_kind.empty:
            continue
        yield Line(height, heading, None)
        ordered = of_kind.sort_values("weighted_tau", ascending=False, kind="stable")
        for _, mean in ordered.iterrows():
            label = _label(mean)
            # A label of two lines needs room on either side.
            room = 0.3 * label.count("\n")
            height += 1 + room
            yield Line(height, label, mean)
            height += room
        height += 1.6


def _label(mean: pd.Series) -> str:
    if mean["kind"] == "metric":
        return labels.metric_label(mean["ranking"])
    if mean["kind"] == "static":
        return source_label(mean["truth"])
    return f"{source_label(mean['ranking'])} ↔\n{source_label(mean['truth'])}"


def _draw_line(axes: Axes, height: float, mean: pd.Series, tasks: pd.Series) -> None:
    """Draw one ranking's tasks, their mean and error, and the null behind them."""
    value, null_sd = float(mean["weighted_tau"]), float(mean["null_sd"])
    numbers = {"mean": "n/a", "methods": "", "tasks": f"{mean['n_tasks']:.0f}"}
    if not math.isnan(value):
        for deviations, color in zip((2, 1), style.BANDS, strict=True):
            reach = 0 if math.isnan(null_sd) else deviations * null_sd
            axes.barh(height, 2 * reach, height=1, left=-reach, color=color, zorder=0)
        defined = tasks.dropna()
        below = [height + TASK_OFFSET] * len(defined)
        axes.plot(defined, below, linestyle="none", **style.seed_marker(style.GREY))
        error = 2 * float(mean["standard_error"])
        if not math.isnan(error):
            ends = [value - error, value + error]
            axes.plot(ends, [height, height], color=style.ACCENT, linewidth=1)
        axes.plot(value, height, linestyle="none", **MEAN)
        numbers["mean"] = style.number(value)
        numbers["methods"] = f"{mean['n_methods']:.0f}"
    for name, text in numbers.items():
        _write(axes, height, NUMBERS[name], text, bold=name == "mean")


def _write(
    axes: Axes, height: float, end: float, text: str, bold: bool = False
) -> None:
    """Write into a column to the right of the axis."""
    axes.annotate(
        text,
        xy=(1, height),
        xycoords=axes.get_yaxis_transform(),
        xytext=(end, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=style.INK,
        fontweight="bold" if bold else "normal",
    )


def _finish(axes: Axes, lines: Sequence[Line]) -> None:
    """Name the lines and the columns, and set the axis of tau."""
    axes.axvline(0, color=style.GREY, linewidth=0.6, zorder=1)
    axes.set_xlim(-1.02, 1.02)
    ticks = [-1, -0.5, 0, 0.5, 1]
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.set_xlabel("weighted τ")
    axes.set_ylim(lines[-1].height + 0.9, -0.6)
    axes.set_yticks([line.height for line in lines], [line.label for line in lines])
    for label, line in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if line.mean is None else "normal")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for name, end in NUMBERS.items():
        _write(axes, 0, end, name)


def _add_legend(figure: Figure) -> None:
    entries = {
        "mean over tasks": Line2D([], [], linestyle="none", **MEAN),
        "±2 standard errors": Line2D([], [], color=style.ACCENT, linewidth=1),
        "one task": Line2D([], [], linestyle="none", **style.seed_marker(style.GREY)),
        "mean by chance, ±1 sd": Patch(color=style.BANDS[1]),
        "±2 sd": Patch(color=style.BANDS[0]),
    }
    figure.legend(
        list(entries.values()), list(entries), loc="outside upper center", ncols=3
    )

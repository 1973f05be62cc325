"""Weighted tau of each metric on each task, against the spread of random rankings.

Why a dot plot and not a colored matrix: the question is whether a tau differs from
chance, and only a plot with an axis can show the null distribution at each estimate.
One panel per metric, best mean first, the baselines last; one row per task, filed under
its group, and the mean over tasks on top. The mean's mark is filled where the table's
verdict is that the metric is beyond chance; single tasks are not judged, as with so
many of them some lie outside of the bands by luck. The numbers stand beside the dots.
For the mean, one random order of the methods serves all tasks: a metric that ranks
alike everywhere has one chance to be right, not one per task, and then its band is
hardly narrower than a task's.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from peftdiff.evaluation.correlation import EXPECTED, RANDOM
from peftdiff.evaluation.verdict import BEYOND
from peftdiff.reporting import labels
from peftdiff.reporting.figures import style, tables
from peftdiff.reporting.figures.rows import (
    Row,
    band_legend,
    draw_bands,
    mark,
    task_rows,
)

COLUMNS = ("task", "group", "metric", "weighted_tau", "null_sd", "note")
SUMMARY_COLUMNS = (
    "metric",
    "mean_weighted_tau",
    "n_tasks",
    "null_sd_shared_permutation",
    "verdict",
)
PANELS_PER_ROW = 6
ROW_HEIGHT = 4.3
NUMBER_WIDTH = 26.0
UNDEFINED: dict[str, Any] = {
    "marker": "x",
    "markersize": 4.5,
    "color": style.GREY,
    "linestyle": "none",
}
TASK = mark(style.GREY, "o", size=3.5)


@style.context()
def draw(correlation: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Draw weighted tau per task and metric.

    Parameters
    ----------
    correlation
        Rows of ``correlation.csv``: experiment, task, group, metric, weighted_tau,
        null_sd (standard deviation of weighted tau under random rankings). An empty
        weighted_tau is drawn as undefined and left out of the mean; beside a mean over
        fewer tasks than the figure shows stands their number.
    summary
        Rows of ``summary.csv``: experiment, metric, mean_weighted_tau, n_tasks,
        null_sd_shared_permutation (standard deviation of the mean over tasks, one
        random order serving all tasks), verdict.

    Raises
    ------
    ValueError
        If a column or every row is missing, or a metric occurs twice on a task.
    """
    _check(correlation)
    tables.check(summary, "summary.csv", SUMMARY_COLUMNS)
    means = summary.set_index("metric").to_dict("index")
    known = correlation[correlation["weighted_tau"].notna()]
    if not (known["metric"] != RANDOM).any():
        reasons = correlation["note"].dropna().astype(str).unique()
        why = "; ".join(note for note in reasons if note and note != EXPECTED)
        return style.sentence(f"No ranking has a weighted tau here: {why}.")
    rows = task_rows(tables.tasks_by_group(correlation), mean=None)
    several = correlation["task"].nunique() > 1
    rows = rows if several else rows[1:]  # The mean over one task is its own tau.
    metrics = _order_by_mean(summary)
    bands = math.ceil(len(metrics) / PANELS_PER_ROW)
    columns = math.ceil(len(metrics) / bands)
    figure = style.figure(24 + bands * (16 + ROW_HEIGHT * rows[-1].height))
    grid = figure.add_gridspec(bands, columns)
    for position, metric in enumerate(metrics):
        panel = figure.add_subplot(grid[divmod(position, columns)])
        chosen = correlation[correlation["metric"] == metric].set_index("task")
        _draw_tasks(panel, chosen, rows)
        if several:
            _draw_mean(panel, rows, means[metric])
        _finish(panel, labels.metric_label(metric), rows)
    figure.supxlabel("weighted τ between score and accuracy", fontsize=8)
    _add_legend(figure, several)
    return figure


def _check(correlation: pd.DataFrame) -> None:
    tables.check(correlation, "correlation.csv", COLUMNS)
    twice = correlation[correlation.duplicated(["task", "metric"])]
    if len(twice):
        first = twice.iloc[0]
        raise ValueError(
            f"correlation.csv has several rows of the metric {first['metric']} on the "
            f"task {first['task']}"
        )


def _order_by_mean(summary: pd.DataFrame) -> list[str]:
    """Return the metrics, greatest mean weighted tau first, then the baselines."""
    means = summary.set_index("metric")["mean_weighted_tau"].astype(float).fillna(-2)
    metrics = labels.order_metrics(summary["metric"])
    return sorted(
        metrics, key=lambda metric: (metric in labels.BASELINES, -means[metric])
    )


def _draw_tasks(panel: Axes, chosen: pd.DataFrame, rows: Sequence[Row]) -> None:
    """Draw one metric's tasks, each over its null distribution."""
    heights = {row.key: row.height for row in rows}
    for task, tau, null_sd in chosen[["weighted_tau", "null_sd"]].itertuples():
        _draw_tau(panel, heights[task], tau, null_sd, TASK)


def _draw_mean(panel: Axes, rows: Sequence[Row], mean: Mapping[Any, Any]) -> None:
    """Draw one metric's mean over tasks, a row of summary.csv."""
    look = _mean_mark(mean["verdict"] == BEYOND)
    null_sd = mean["null_sd_shared_permutation"]
    _draw_tau(panel, 0, mean["mean_weighted_tau"], null_sd, look, bold=True)
    total = sum(row.key is not None for row in rows)
    if mean["n_tasks"] < total:
        _write(panel, 0.75, f"{mean['n_tasks']:.0f} of {total}")


def _draw_tau(
    panel: Axes,
    height: float,
    tau: float,
    null_sd: float,
    look: Mapping[str, Any],
    bold: bool = False,
) -> None:
    """Draw one tau over the band of one and two null standard deviations."""
    if math.isnan(tau):
        panel.plot(0, height, **UNDEFINED)
        _write(panel, height, "n/a", bold)
        return
    draw_bands(panel, height, null_sd)
    panel.plot(tau, height, **look)
    _write(panel, height, style.number(tau), bold)


def _mean_mark(beyond: bool) -> dict[str, Any]:
    return mark(style.ACCENT, "D", filled=beyond)


def _write(panel: Axes, height: float, text: str, bold: bool = False) -> None:
    """Write a number to the right of the panel."""
    panel.annotate(
        text,
        xy=(1, height),
        xycoords=panel.get_yaxis_transform(),
        xytext=(NUMBER_WIDTH, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=style.INK,
        fontweight="bold" if bold else "normal",
    )


def _finish(panel: Axes, title: str, rows: Sequence[Row]) -> None:
    """Label the lines at the left edge of the figure, and set the axis of tau."""
    panel.set_title(textwrap.fill(title, 13), fontweight="bold")
    panel.axvline(0, color=style.GREY, linewidth=0.6, zorder=1)
    panel.set_xlim(-1.05, 1.05)
    panel.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "", "0", "", "1"])
    panel.set_ylim(rows[-1].height + 0.6, rows[0].height - 0.6)
    named = panel.get_subplotspec().is_first_col()  # type: ignore[union-attr]
    panel.set_yticks(
        [row.height for row in rows], [row.label if named else "" for row in rows]
    )
    for label, row in zip(panel.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.bold else "normal")
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)


def _add_legend(figure: Figure, several: bool) -> None:
    means: dict[str, Artist] = {
        "mean, beyond chance": Line2D([], [], **_mean_mark(True)),
        "mean, not beyond chance": Line2D([], [], **_mean_mark(False)),
    }
    entries: dict[str, Artist] = {
        **(means if several else {}),
        "one task": Line2D([], [], **TASK),
        **band_legend(),
        "undefined": Line2D([], [], **UNDEFINED),
    }
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside upper center",
        ncols=3,
    )

"""What each choice of the score's definition changes, one at a time.

Left: does the score agree better with the accuracies? The line is the default's mean;
the bands are the null distribution of a mean over tasks, with one random order of the
methods for all of them. Right: does it still rank the methods as the default does? A
choice may leave tau as it is, and yet change the ranking.
"""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from peftdiff.evaluation.studies.choice_comparison import summarize_choices
from peftdiff.reporting.figures import rows, style, tables

COLUMNS = (
    "task",
    "choice",
    "value",
    "start_seed",
    "weighted_tau",
    "agreement",
    "mean_null_sd",
    "run_agreement",
    "note",
)
DEFAULT = "default"
PANELS = {
    "weighted_tau": "weighted τ with accuracies",
    "agreement": "weighted τ with the default's scores",
}
MEANS = {"weighted_tau": "mean_weighted_tau", "agreement": "agreement"}
ROW_HEIGHT = 5.2


@style.context()
def draw(choices: pd.DataFrame) -> Figure:
    """Draw tau and agreement of each choice; a variant's is its mean over start seeds.

    Parameters
    ----------
    choices
        Rows of ``choices.csv``: experiment, task, choice, value, start_seed,
        weighted_tau, agreement, mean_null_sd, run_agreement, note. Empty cells are left
        out of the means; a mean over fewer tasks is noted with their number.

    Raises
    ------
    ValueError
        If a column or every row is missing, or the default is.
    """
    tables.check(choices, "choices.csv", COLUMNS)
    if not (choices["choice"] == DEFAULT).any():
        raise ValueError("choices.csv has no row of the default")
    summary = summarize_choices(choices).set_index(["choice", "value"])
    lines = _lines(choices)
    figure = style.figure(30 + ROW_HEIGHT * (lines[-1].height + 1))
    for place, (value, title) in enumerate(PANELS.items(), 1):
        panel = figure.add_subplot(1, 2, place)
        means = summary[MEANS[value]].to_dict()
        for line in lines:
            if line.key is not None:
                _draw_row(panel, line, choices, value, means[line.key])
        rows.finish(panel, lines, named=place == 1)
        panel.set_xlabel(title)
        if value == "weighted_tau":
            default = means[(DEFAULT, DEFAULT)]
            panel.axvline(default, color=style.ACCENT, linewidth=0.8, zorder=1)
    _add_legend(figure)
    return figure


def _lines(choices: pd.DataFrame) -> list[rows.Row]:
    """Return the default's row, and each choice's values below its name."""
    changed = choices[choices["choice"] != DEFAULT]
    lines = [rows.Row(0, "default", True, (DEFAULT, DEFAULT))]
    height = 1.5
    for choice in changed["choice"].unique():
        lines.append(rows.Row(height, choice, True, None))
        values = changed.loc[changed["choice"] == choice, "value"].unique()
        for step, value in enumerate(values, 1):
            lines.append(rows.Row(height + step, str(value), False, (choice, value)))
        height += len(values) + 1
    return lines


def _task_values(
    choices: pd.DataFrame, key: tuple[str, str], value: str
) -> "pd.Series[float]":
    """Return a choice's value per task, the mean over start seeds."""
    by_task = _rows_of(choices, key).groupby("task", sort=False)[value]
    return by_task.agg(lambda values: values.mean(skipna=False)).dropna()


def _rows_of(choices: pd.DataFrame, key: tuple[str, str]) -> pd.DataFrame:
    choice, value = key
    return choices[(choices["choice"] == choice) & (choices["value"] == value)]


def _draw_row(
    panel: Axes, line: rows.Row, choices: pd.DataFrame, value: str, mean: float
) -> None:
    """Draw one choice's tasks and their mean."""
    by_task = _task_values(choices, line.key, value)
    if value == "weighted_tau":
        deviation = _rows_of(choices, line.key)["mean_null_sd"].mean()
        rows.draw_bands(panel, line.height, float(deviation))
    heights = [line.height] * len(by_task)
    panel.plot(by_task, heights, **_task_mark())
    if not math.isnan(mean):
        panel.plot(mean, line.height, **rows.mark(style.ACCENT, "D", size=5.5))
    rows.write(panel, line.height, mean, line.bold)
    total = choices["task"].nunique()
    if 0 < len(by_task) < total:
        note = f"{len(by_task)} of {total} tasks"
        panel.text(-1.03, line.height, note, va="center", color=style.GREY)


def _task_mark() -> Any:
    look = {"marker": "o", "markersize": 3, "linestyle": "none"}
    return {**look, "markerfacecolor": style.GREY, "markeredgecolor": "none"}


def _add_legend(figure: Figure) -> None:
    entries = {
        "mean over tasks": rows.legend_mark(style.ACCENT, "D", size=5.5),
        "single tasks": Line2D([], [], **_task_mark()),
        "the default's mean": Line2D([], [], color=style.ACCENT, linewidth=0.8),
        **rows.band_legend("random rankings' mean"),
    }
    figure.legend(
        list(entries.values()), list(entries), loc="outside upper center", ncols=5
    )

"""The spread of weighted tau over start vectors of the eigensolver.

Data and settings are the same in all runs. The published chain gives its solver a
matrix that the solver is not made for, so that the result depends on the start vector.
The symmetric chain is the control. A line spans a task's runs.
"""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from peftdiff.reporting.figures import rows, style, tables

COLUMNS = (
    "task",
    "group",
    "choice",
    "value",
    "start_seed",
    "weighted_tau",
    "run_agreement",
    "null_sd",
    "mean_null_sd",
)
VARIANTS = {
    "as_published": ("as published", style.METHOD_COLORS[1]),
    "symmetric": ("symmetric (the default)", style.ACCENT),
}
ROW_HEIGHT = 5.5


@style.context()
def draw(choices: pd.DataFrame) -> Figure:
    """Draw each variant's runs on each task, and their means over tasks.

    Parameters
    ----------
    choices
        Rows of ``choices.csv``: experiment, task, group, choice, value, start_seed,
        weighted_tau, run_agreement, null_sd, mean_null_sd.

    Raises
    ------
    ValueError
        If a column or every row is missing, or no variant was run.
    """
    tables.check(choices, "choices.csv", COLUMNS)
    runs = choices[choices["choice"] == "variant"]
    if runs.empty:
        raise ValueError("choices.csv has no row of the choice variant")
    counts = runs.groupby(["value", "start_seed"])["weighted_tau"].count()
    lines = rows.task_rows(tables.tasks_by_group(runs), counts=list(counts))
    figure = style.figure(36 + ROW_HEIGHT * lines[-1].height)
    for place, (variant, (label, color)) in enumerate(VARIANTS.items(), 1):
        panel = figure.add_subplot(1, 2, place)
        of_variant = runs[runs["value"] == variant]
        for line in lines:
            if line.key is not None:
                _draw_row(panel, line, of_variant, color)
        rows.finish(panel, lines, named=place == 1)
        rows.head(panel, "runs agree", 1)
        panel.set_title(label, fontweight="bold", loc="left")
        panel.set_xlabel("weighted τ with accuracies")
    _add_legend(figure, runs["start_seed"].nunique())
    return figure


def _draw_row(panel: Axes, line: rows.Row, runs: pd.DataFrame, color: str) -> None:
    """Draw the runs on one task, or the means over tasks of each run."""
    if line.key == "mean":
        by_run = runs.groupby("start_seed", sort=False)
        taus = by_run["weighted_tau"].mean()
        null = "mean_null_sd"
    else:
        runs, null = runs[runs["task"] == line.key], "null_sd"
        taus = runs["weighted_tau"]
    taus = taus.dropna()
    deviations = runs.loc[runs["weighted_tau"].notna(), null]
    rows.draw_bands(panel, line.height, float(deviations.mean()))
    if len(taus):
        heights = [line.height] * len(taus)
        ends = [taus.min(), taus.max()]
        panel.plot(ends, heights[:1] * 2, color=color, linewidth=1.5, alpha=0.5)
        panel.plot(taus, heights, **_look(color))
    agreement = float(runs["run_agreement"].mean())
    if not math.isnan(agreement):
        rows.write(panel, line.height, agreement, line.bold)


def _look(color: str) -> Any:
    look = rows.mark(color, "o", filled=False, size=4.5)
    return look | {"markerfacecolor": "none"}


def _add_legend(figure: Figure, count: int) -> None:
    entries = {
        f"one of {count} start vectors": Line2D([], [], **_look(style.INK)),
        **rows.band_legend(),
    }
    figure.legend(
        list(entries.values()), list(entries), loc="outside upper center", ncols=3
    )

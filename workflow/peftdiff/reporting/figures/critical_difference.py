"""Mean rank of each metric, and which metrics cannot be told apart.

A critical-difference diagram (Demšar, JMLR 2006), turned so that every metric has a row
of its own, best at the top: the names of a dozen metrics beside a common axis would not
be readable. A bar on the right joins metrics whose mean ranks differ by less than the
critical difference, which is the length of the bar above the dots. The title says
whether the metrics differ at all, and how little a few tasks can show.
"""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from peftdiff.evaluation.comparison import differ
from peftdiff.reporting import labels
from peftdiff.reporting.figures import style, tables
from peftdiff.reporting.text import counted

NO_TEST = "The metrics cannot be tested against one another"
COLUMNS = (
    "metric",
    "mean_rank",
    "n_tasks",
    "n_metrics",
    "statistic",
    "p_value",
    "critical_difference",
    "note",
)
ROW_HEIGHT = 4.6
GROUP_WIDTH = 0.035  # of one group's bar, relative to the axes
BAR: dict[str, Any] = {"color": style.INK, "linewidth": 2.2, "solid_capstyle": "butt"}


@style.context()
def draw(friedman: pd.DataFrame) -> Figure:
    """Draw mean ranks with the groups that Nemenyi's test leaves together.

    Parameters
    ----------
    friedman
        Rows of ``friedman.csv``: experiment, metric, mean_rank, n_tasks, n_metrics,
        statistic, p_value, critical_difference, note. A metric without mean rank has a
        row with its note.

    Raises
    ------
    ValueError
        If a column or every row is missing.
    """
    tables.check(friedman, "friedman.csv", COLUMNS)
    rows = friedman.sort_values("mean_rank", kind="stable").reset_index(drop=True)
    ranked = rows[rows["mean_rank"].notna()]
    if ranked.empty:
        return style.sentence(_why_not(rows))
    groups = not_told_apart(
        list(ranked["mean_rank"]), ranked["critical_difference"].iloc[0]
    )
    figure = style.figure(30 + ROW_HEIGHT * (len(rows) + 2))
    widths = [1, GROUP_WIDTH * max(len(groups), 1)]
    grid = figure.add_gridspec(1, 2, width_ratios=widths)
    panel, side = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    _draw_ranks(panel, rows)
    _draw_groups(side, groups, panel.get_ylim())
    panel.set_title(_title(rows, ranked), loc="left")
    return figure


def not_told_apart(ranks: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Return the first and last place of each group of metrics, in order.

    Parameters
    ----------
    ranks
        Mean ranks, ascending.
    difference
        The critical difference: ranks that differ by less are in one group. A group
        within another is left out, and so is a single metric.
    """
    groups: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(i for i, other in enumerate(ranks) if other - rank < difference)
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def _draw_ranks(panel: Axes, rows: pd.DataFrame) -> None:
    """Draw a dot for each metric, and above them the critical difference."""
    for row, (metric, rank, note) in enumerate(
        zip(rows["metric"], rows["mean_rank"], rows["note"], strict=True)
    ):
        if math.isnan(rank):
            _write(panel, 1, row, str(note), style.GREY)
            continue
        color = style.GREY if metric in labels.BASELINES else style.ACCENT
        panel.plot(rank, row, linestyle="none", **style.mean_marker(color, "o"))
        _write(panel, rank, row, f"{rank:.1f}")
    difference = rows["critical_difference"].max()
    if not math.isnan(difference):
        panel.plot([1, 1 + difference], [-1.2, -1.2], **BAR)
        _write(panel, 1 + difference, -1.2, f"critical difference {difference:.1f}")
    panel.set_yticks(range(len(rows)), map(labels.metric_label, rows["metric"]))
    panel.set_ylim(len(rows) - 0.4, -1.9)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.grid(axis="y")
    worst = max(int(rows["n_metrics"].max()), 2)
    panel.set_xlim(0.7, worst + 0.3)
    panel.set_xticks(range(1, worst + 1, 1 if worst < 10 else 2))
    panel.set_xlabel("mean rank of weighted τ within a task (1 is the best)")


def _write(
    panel: Axes, place: float, row: float, text: str, color: str = style.INK
) -> None:
    """Write a text to the right of a place."""
    panel.annotate(
        text,
        xy=(place, row),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=color,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def _draw_groups(
    side: Axes, groups: Sequence[tuple[int, int]], limits: tuple[float, float]
) -> None:
    """Draw a vertical bar for each group of metrics that are not told apart."""
    for place, (first, last) in enumerate(groups):
        side.plot([place, place], [first - 0.3, last + 0.3], **BAR)
    side.set_xlim(-0.5, max(len(groups), 1) - 0.5)
    side.set_ylim(limits)
    side.set_axis_off()


def _why_not(rows: pd.DataFrame) -> str:
    """Say why there are no mean ranks, where the figure would be."""
    notes = rows["note"].dropna().unique()
    reasons = [str(note).removeprefix("no test: ") for note in notes if note]
    count = counted(len(rows), "metric")
    tasks = counted(int(rows["n_tasks"].iloc[0]), "task")
    return f"{NO_TEST} ({count} on {tasks}): {'; '.join(reasons)}."


def _title(rows: pd.DataFrame, ranked: pd.DataFrame) -> str:
    """Return a title with the results of Friedman's and Nemenyi's tests."""
    tasks = counted(int(rows["n_tasks"].iloc[0]), "task")
    first, n_metrics = ranked.iloc[0], len(ranked)
    found, note = "all ranks are tied", first["note"]
    if not math.isnan(first["p_value"]):
        found = f"χ² = {first['statistic']:.1f}, p = {first['p_value']:.2g}"
        found += "" if differ(ranked) else ", no difference found"
    few = f"{note[0].upper()}{note[1:]}. " if isinstance(note, str) and note else ""
    text = (
        f"{few}Metrics less than {first['critical_difference']:.1f} of {n_metrics - 1}"
        " mean ranks apart are joined on the right: not told apart (Nemenyi, 5 %)."
        " Grey: rankings that look at no image."
    )
    lines = [f"Friedman, {n_metrics} metrics on {tasks}: {found}."]
    return "\n".join([*lines, *textwrap.wrap(text, 95)])

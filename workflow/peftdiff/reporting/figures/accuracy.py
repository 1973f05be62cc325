"""Ground truth: test accuracy of each method on each task, with its spread over seeds.

One panel per task. All panels list the pool's methods in the order of their mean rank
over the tasks, best at the top; the number beside a row is the method's rank on that
task, bold where methods can be told apart and it may be the best. Reference methods
outside the pool, and the best constant answer, are vertical lines through the panel.
Published accuracies have no seeds.
"""

from collections.abc import Hashable
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from peftdiff.evaluation.published import source_label
from peftdiff.evaluation.published.truth import published_source
from peftdiff.evaluation.standings import ONE_BEST, SOME_ALIKE
from peftdiff.reporting import labels
from peftdiff.reporting.figures import panels, style, tables

COLUMNS = ("task", "group", "method", "in_pool", "seed", "accuracy")
STANDINGS = ("task", "method", "accuracy", "place", "among_best")
TASKS = ("task", "chance", "majority_share", "verdict")
LINES = ("--", ":", "-.")
CONSTANT: dict[str, Any] = {"color": style.ACCENT, "linewidth": 1, "zorder": 1}
SEED_OFFSET = 0.32
"""Rows by which the seeds' dots are below the mean, which would hide them."""


@style.context()
def draw(
    ground_truth: pd.DataFrame, standings: pd.DataFrame, tasks: pd.DataFrame
) -> Figure:
    """Draw accuracy per method and task.

    Parameters
    ----------
    ground_truth
        Rows of ``ground_truth.csv``: experiment, task, group, method, in_pool, seed,
        accuracy (percent). Methods without an accuracy on a task are not drawn there.
    standings
        Rows of ``standings.csv``: experiment, task, method, accuracy (the mean over
        seeds), place, among_best.
    tasks
        Rows of ``tasks.csv``: experiment, task, chance, majority_share, verdict.

    Raises
    ------
    ValueError
        If a column or every row is missing, or no method is in the pool.
    """
    _check(ground_truth)
    in_pool = ground_truth["in_pool"].astype(bool)
    pool, references = ground_truth[in_pool], ground_truth[~in_pool]
    lines: dict[str, Any] = dict(
        zip(labels.order_methods(references["method"]), cycle(LINES), strict=False)
    )
    tables.check(standings, "standings.csv", STANDINGS)
    tables.check(tasks, "tasks.csv", TASKS)
    groups = tables.tasks_by_group(ground_truth)
    methods = _order_by_rank(standings)
    columns = panels.best_columns([len(members) for members in groups.values()])
    rows = panels.rows_needed(groups, columns)
    figure = style.figure(22 + rows * (16 + 4.2 * len(methods)))
    axes = panels.add_task_panels(figure, groups, columns)
    described = tasks.set_index("task").to_dict("index")
    constants = {task: _constant(row) for task, row in described.items()}
    for task, panel in axes.items():
        own = standings[standings["task"] == task].set_index("method")
        told = described[task]["verdict"] in (ONE_BEST, SOME_ALIKE)
        _draw_methods(panel, pool[pool["task"] == task], own, methods, told)
        _draw_constant(panel, constants[task])
        _draw_references(panel, references[references["task"] == task], lines)
        _finish(panel, methods)
    source = published_source(ground_truth)
    published = f", published: {source_label(source)}" if source else ""
    figure.supxlabel(f"test accuracy (%){published}", fontsize=8)
    seeds = "" if source else tables.count_seeds(ground_truth)
    counted = any(value == value for value in constants.values())
    _add_legend(figure, seeds, lines, constant=counted)
    return figure


def _check(ground_truth: pd.DataFrame) -> None:
    tables.check(ground_truth, "ground_truth.csv", COLUMNS)
    if not ground_truth["in_pool"].astype(bool).any():
        raise ValueError("ground_truth.csv has no method that is in the pool")


def _order_by_rank(standings: pd.DataFrame) -> list[str]:
    """Return the methods, lowest mean rank over the tasks first."""
    means = standings.pivot_table(
        "accuracy", "method", "task", sort=False, dropna=False
    )
    means = means.loc[labels.order_methods(standings["method"])]
    ranks = means.rank(ascending=False).mean(axis="columns")
    return list(ranks.sort_values(kind="stable").index)


def _draw_methods(
    panel: Axes,
    pool: pd.DataFrame,
    standings: pd.DataFrame,
    methods: list[str],
    told: bool,
) -> None:
    """Draw one task's means, seeds and ranks, the first method at the top.

    `told` is whether methods of the task can be told apart.
    """
    known = standings[standings["accuracy"].notna()].to_dict("index")
    for row, method in enumerate(methods):
        color, marker = style.method_style(labels.method_position(method, methods))
        seeds = pool.loc[(pool["method"] == method) & pool["seed"].notna(), "accuracy"]
        below = [row + SEED_OFFSET] * len(seeds)
        panel.plot(seeds, below, linestyle="none", **style.seed_marker(color))
        if method in known:
            own = known[method]
            mean = style.mean_marker(color, marker)
            panel.plot(own["accuracy"], row, linestyle="none", **mean)
            best = told and own["among_best"] == True  # noqa: E712 (it may be empty)
            _write_rank(panel, row, own["place"], best)
        else:
            _write_rank(panel, row, None, False)


def _write_rank(panel: Axes, row: int, rank: float | None, best: bool) -> None:
    """Write a method's rank to the right of its row, a dash where it was not run."""
    panel.annotate(
        "–" if rank is None else f"{rank:.0f}",
        xy=(1, row),
        xycoords=panel.get_yaxis_transform(),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        color=style.INK if best else style.GREY,
        fontweight="bold" if best else "normal",
    )


def _constant(task: dict[Hashable, Any]) -> float:
    """Return what is right without a look at an image; NaN where it is unknown."""
    return float(max(task["chance"], task["majority_share"]))


def _draw_constant(panel: Axes, value: float) -> None:
    if value == value:
        panel.axvline(value, **CONSTANT)


def _draw_references(
    panel: Axes, references: pd.DataFrame, lines: dict[str, Any]
) -> None:
    """Draw a task's reference methods: means as lines, the seeds' ranges as bands."""
    for method, seeds in references.groupby("method")["accuracy"]:
        panel.axvspan(
            seeds.min(), seeds.max(), color=style.BANDS[0], linewidth=0, zorder=0
        )
        panel.axvline(
            seeds.mean(),
            color=style.GREY,
            linestyle=lines[str(method)],
            linewidth=1,
            zorder=1,
        )


def _finish(panel: Axes, methods: list[str]) -> None:
    """Label the rows at the left edge of the figure, and open the frame."""
    at_edge = panel.get_subplotspec().is_first_col()  # type: ignore[union-attr]
    names = [labels.method_label(method) if at_edge else "" for method in methods]
    panel.set_yticks(range(len(methods)), names)
    panel.set_ylim(len(methods) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.grid(axis="y")
    panel.margins(x=0.08)
    panel.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))


def _add_legend(
    figure: Figure, seeds: str, lines: dict[str, Any], *, constant: bool
) -> None:
    """Add the legend; `seeds` is empty where there are none, as in published values."""
    mean, seed = style.mean_marker(style.GREY, "o"), style.seed_marker(style.GREY)
    marks: dict[str, dict[str, Any]] = {"accuracy": mean}
    if seeds:
        marks = {f"mean over {seeds}": mean, "one seed": seed}
    marks["rank on the task"] = {"marker": "$1$", "color": style.INK}
    handles = [Line2D([], [], linestyle="none", **mark) for mark in marks.values()]
    handles += [Line2D([], [], color=style.GREY, linestyle=x) for x in lines.values()]
    names = [*marks, *(labels.method_label(slug) for slug in lines)]
    if constant:
        handles.append(Line2D([], [], **CONSTANT))
        names.append("best without an image")
    figure.legend(handles, names, loc="outside upper center", ncols=min(len(names), 4))

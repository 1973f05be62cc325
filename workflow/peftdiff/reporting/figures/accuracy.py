"""Ground truth: test accuracy of each method on each task, with its spread over seeds.

One panel per task. All panels list the pool's methods in the order of their mean rank
over the tasks, best at the top; the number beside a row is the method's rank on that
task. Reference methods outside the pool are vertical lines through the panel. Published
accuracies have no seeds.
"""

from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from peftdiff.evaluation.published import source_label
from peftdiff.evaluation.published.truth import published_source
from peftdiff.reporting import labels
from peftdiff.reporting.figures import panels, style, tables

COLUMNS = ("task", "group", "method", "in_pool", "seed", "accuracy")
LINES = ("--", ":", "-.")
SEED_OFFSET = 0.32
"""Rows by which the seeds' dots are below the mean, which would hide them."""


@style.context()
def draw(ground_truth: pd.DataFrame) -> Figure:
    """Draw accuracy per method and task.

    Parameters
    ----------
    ground_truth
        Rows of ``ground_truth.csv``: experiment, task, group, method, in_pool, seed,
        accuracy (percent).

    Raises
    ------
    ValueError
        If a column or every row is missing, an accuracy is empty, or no method is in
        the pool.
    """
    _check(ground_truth)
    in_pool = ground_truth["in_pool"].astype(bool)
    pool, references = ground_truth[in_pool], ground_truth[~in_pool]
    lines: dict[str, Any] = dict(
        zip(labels.order_methods(references["method"]), cycle(LINES), strict=False)
    )
    tasks = tables.tasks_by_group(ground_truth)
    methods = _order_by_rank(pool)
    columns = panels.best_columns([len(members) for members in tasks.values()])
    rows = panels.rows_needed(tasks, columns)
    figure = style.figure(22 + rows * (16 + 4.2 * len(methods)))
    axes = panels.add_task_panels(figure, tasks, columns)
    for task, panel in axes.items():
        _draw_methods(panel, pool[pool["task"] == task], methods)
        _draw_references(panel, references[references["task"] == task], lines)
        _finish(panel, methods)
    source = published_source(ground_truth)
    published = f", published: {source_label(source)}" if source else ""
    figure.supxlabel(f"test accuracy (%){published}", fontsize=8)
    _add_legend(figure, "" if source else tables.count_seeds(ground_truth), lines)
    return figure


def _check(ground_truth: pd.DataFrame) -> None:
    tables.check(ground_truth, "ground_truth.csv", COLUMNS)
    empty = ground_truth[ground_truth["accuracy"].isna()]
    if len(empty):
        first = empty.iloc[0]
        raise ValueError(
            f"ground_truth.csv has no accuracy for method {first['method']} on task "
            f"{first['task']}, seed {first['seed']}"
        )
    if not ground_truth["in_pool"].astype(bool).any():
        raise ValueError("ground_truth.csv has no method that is in the pool")


def _order_by_rank(pool: pd.DataFrame) -> list[str]:
    """Return the methods, lowest mean rank over the tasks first."""
    means = tables.seed_summary(pool, "accuracy")["mean"].unstack("task")
    means = means.loc[labels.order_methods(pool["method"])]
    ranks = means.rank(ascending=False).mean(axis="columns")
    return list(ranks.sort_values(kind="stable").index)


def _draw_methods(panel: Axes, pool: pd.DataFrame, methods: list[str]) -> None:
    """Draw one task's means, seeds and ranks, the first method at the top."""
    means = pool.groupby("method")["accuracy"].mean()
    ranks = means.rank(ascending=False, method="min")
    for row, method in enumerate(methods):
        color, marker = style.method_style(labels.method_position(method, methods))
        seeds = pool.loc[(pool["method"] == method) & pool["seed"].notna(), "accuracy"]
        below = [row + SEED_OFFSET] * len(seeds)
        panel.plot(seeds, below, linestyle="none", **style.seed_marker(color))
        if method in means:
            mean = style.mean_marker(color, marker)
            panel.plot(means[method], row, linestyle="none", **mean)
        _write_rank(panel, row, ranks.get(method))


def _write_rank(panel: Axes, row: int, rank: float | None) -> None:
    """Write a method's rank to the right of its row, a dash where it was not run."""
    panel.annotate(
        "–" if rank is None else f"{rank:.0f}",
        xy=(1, row),
        xycoords=panel.get_yaxis_transform(),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        color=style.INK if rank == 1 else style.GREY,
        fontweight="bold" if rank == 1 else "normal",
    )


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


def _add_legend(figure: Figure, seeds: str, lines: dict[str, Any]) -> None:
    """Add the legend; `seeds` is empty where there are none, as in published values."""
    mean, seed = style.mean_marker(style.GREY, "o"), style.seed_marker(style.GREY)
    marks: dict[str, dict[str, Any]] = {"accuracy": mean}
    if seeds:
        marks = {f"mean over {seeds}": mean, "one seed": seed}
    marks["rank on the task"] = {"marker": "$1$", "color": style.INK}
    handles = [Line2D([], [], linestyle="none", **mark) for mark in marks.values()]
    handles += [Line2D([], [], color=style.GREY, linestyle=x) for x in lines.values()]
    names = [*marks, *(labels.method_label(slug) for slug in lines)]
    figure.legend(handles, names, loc="outside upper center", ncols=len(names))

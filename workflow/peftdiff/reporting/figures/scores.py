"""One metric's scores against ground-truth accuracy, a panel per task.

A point is a method: its mean score and mean accuracy over seeds, with thin bars from
the least to the greatest value. A metric that ranked the pool as the ground truth does
would show points rising from left to right; each title gives the weighted tau.
"""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from peftdiff.evaluation.published import source_label
from peftdiff.evaluation.published.truth import published_source
from peftdiff.reporting import labels
from peftdiff.reporting.figures import panels, style, tables

SCORE_COLUMNS = ("task", "group", "method", "seed", "metric", "score")
TRUTH_COLUMNS = ("task", "method", "in_pool", "seed", "accuracy")
CORRELATION_COLUMNS = ("task", "metric", "weighted_tau")


@style.context()
def draw(
    scores: pd.DataFrame,
    ground_truth: pd.DataFrame,
    correlation: pd.DataFrame,
    metric: str | None = None,
) -> Figure:
    """Draw one metric's scores against accuracy.

    Parameters
    ----------
    scores
        Rows of ``scores.csv``: experiment, task, group, method, seed, metric, score.
        Methods without a score cannot be drawn, and are named in the panel.
    ground_truth
        Rows of ``ground_truth.csv``: experiment, task, method, in_pool, seed, accuracy
        (percent). Methods without an accuracy are named in the panel, too.
    correlation
        Rows of ``correlation.csv``: experiment, task, metric, weighted_tau.
    metric
        Slug of the metric; by default the first of `scores`, the experiment's own.

    Raises
    ------
    ValueError
        If a column or every row is missing, or a task lacks this metric's weighted tau.
    """
    tables.check(scores, "scores.csv", SCORE_COLUMNS)
    tables.check(ground_truth, "ground_truth.csv", TRUTH_COLUMNS)
    tables.check(correlation, "correlation.csv", CORRELATION_COLUMNS)
    metric = metric or str(scores["metric"].iloc[0])
    scores = _select(scores, metric)
    points = _points(scores, ground_truth)
    taus = _taus(correlation, metric, list(scores["task"].unique()))
    methods = labels.order_methods(scores["method"])
    figure, axes = _empty_panels(tables.tasks_by_group(scores), methods)
    for task, panel in axes.items():
        _draw_points(panel, points.loc[[task]].droplevel("task"), methods)
        title = f"{labels.task_label(task)}\n{_tau_text(taus[task])}"
        panel.set_title(title, loc="left")
    name, seeds = labels.metric_label(metric), tables.count_seeds(scores)
    figure.supxlabel(f"{name} score (mean and range over {seeds})", fontsize=8)
    source = published_source(ground_truth)
    published = f", published: {source_label(source)}" if source else ""
    figure.supylabel(f"test accuracy (%){published}", fontsize=8)
    return figure


def _empty_panels(
    tasks: dict[str, list[str]], methods: list[str]
) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with the methods' legend and a panel per task."""
    columns = panels.best_columns([len(members) for members in tasks.values()])
    rows = panels.rows_needed(tasks, columns)
    width = style.WIDTH if columns > 1 else 110
    figure = style.figure(32 + rows * min(62, 36 + 60 / columns), width)
    _add_legend(figure, methods, per_row=5 if columns > 1 else 3)
    return figure, panels.add_task_panels(figure, tasks, columns, title_lines=2)


def _select(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the metric's rows of ``scores``."""
    selected = scores[scores["metric"] == metric]
    if selected.empty:
        raise ValueError(
            f"scores.csv has no row of the metric {metric} "
            f"(it has: {', '.join(scores['metric'].unique())})"
        )
    return selected


def _points(scores: pd.DataFrame, ground_truth: pd.DataFrame) -> pd.DataFrame:
    """Return score and accuracy summaries side by side, by task and method."""
    truth = tables.seed_summary(
        ground_truth[ground_truth["in_pool"].astype(bool)], "accuracy"
    )
    points = tables.seed_summary(scores, "score").add_suffix("_score")
    return points.join(truth.add_suffix("_accuracy"))


def _taus(correlation: pd.DataFrame, metric: str, tasks: list[str]) -> dict[str, float]:
    rows = correlation[correlation["metric"] == metric]
    taus = dict(zip(rows["task"], rows["weighted_tau"], strict=True))
    missing = [task for task in tasks if task not in taus]
    if missing:
        raise ValueError(
            f"correlation.csv has no row of the metric {metric} on the task "
            f"{', '.join(missing)}"
        )
    return taus


def _tau_text(tau: float) -> str:
    return f"weighted τ {'undefined' if math.isnan(tau) else style.number(tau)}"


def _draw_points(panel: Axes, points: pd.DataFrame, methods: list[str]) -> None:
    """Draw one task's methods, and name those without a score."""
    drawn = points[["mean_score", "mean_accuracy"]].notna().all(axis=1)
    for method in points.index[drawn]:
        point = points.loc[method]
        color, marker = style.method_style(labels.method_position(method, methods))
        panel.errorbar(
            point["mean_score"],
            point["mean_accuracy"],
            xerr=_reach(point, "score"),
            yerr=_reach(point, "accuracy"),
            ecolor=style.GREY,
            elinewidth=0.6,
            linestyle="none",
            **style.mean_marker(color, marker),
        )
    panel.set_xlabel(_absences(points), loc="left", color=style.GREY)
    panel.grid()
    panel.margins(0.1)
    panel.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    panel.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))


def _absences(points: pd.DataFrame) -> str:
    """Name the methods that cannot be drawn, and say what each lacks."""
    sentences = []
    for value in ("score", "accuracy"):
        absent = points.index[points[f"mean_{value}"].isna()]
        names = ", ".join(map(labels.method_label, absent))
        if len(absent) == len(points):
            names = "any method"
        sentences += [f"no {value}: {names}"] if len(absent) else []
    return "; ".join(sentences)


def _reach(point: pd.Series, value: str) -> list[list[float]]:
    """Return the distances from a mean down to the least and up to the greatest."""
    mean = point[f"mean_{value}"]
    return [[mean - point[f"low_{value}"]], [point[f"high_{value}"] - mean]]


def _add_legend(figure: Figure, methods: list[str], per_row: int) -> None:
    positions = [labels.method_position(method, methods) for method in methods]
    handles = [
        Line2D([], [], linestyle="none", **style.mean_marker(color, marker))
        for color, marker in map(style.method_style, positions)
    ]
    figure.legend(
        handles,
        [labels.method_label(method) for method in methods],
        loc="outside upper center",
        ncols=min(len(methods), per_row),
    )

"""Complexity: how much of an embedding's variance its first components hold.

Left, the curves averaged over tasks; right, the components that 95 % of the variance
needs on each task. The methods are a band from the least to the greatest, as nine lines
upon one another would show no more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from peftdiff.embeddings import BACKBONE
from peftdiff.evaluation.studies.complexity import (
    CNN,
    SHARE,
    mean_fractions,
    methods_of,
)
from peftdiff.reporting.figures import rows, style, tables

COLUMNS = ("task", "group", "model", "fraction_95", "components_95")
ROW_HEIGHT = 6.0
METHODS = "methods"

# Label, color, line and marker.
LOOKS: dict[str, tuple[str, str, Any, str]] = {
    BACKBONE: ("backbone", style.INK, "-", "s"),
    METHODS: ("methods: mean, least to most", style.ACCENT, "-", "D"),
    CNN: ("CNN", style.METHOD_COLORS[1], (0, (4, 2)), "o"),
}

Curves = Mapping[str, ArrayLike]


@style.context()
def draw(complexity: pd.DataFrame, scree: Curves) -> Figure:
    """Draw the curves, and the fraction of components that each task needs.

    Parameters
    ----------
    complexity
        Rows of ``complexity.csv``: experiment, task, group, model, components_95,
        fraction_95.
    scree
        For each "task/model" the shares of the variance that its first components
        hold, averaged over seeds.

    Raises
    ------
    ValueError
        If a column, every row, or a model's curve is missing.
    """
    tables.check(complexity, "complexity.csv", COLUMNS)
    methods = methods_of(complexity)
    lines = rows.task_rows(tables.tasks_by_group(complexity))
    figure = style.figure(max(80, 30 + ROW_HEIGHT * lines[-1].height))
    left, right = figure.subplots(1, 2, width_ratios=(5, 4))
    tasks = list(complexity["task"].drop_duplicates())
    _draw_curves(left, tasks, methods, scree)
    means = mean_fractions(complexity).pivot(
        index="task", columns="model", values="fraction_95"
    )
    for line in lines:
        if line.key is not None:
            _draw_row(right, line, means, methods)
    _finish(right, lines)
    _add_legend(figure)
    return figure


def _draw_curves(
    panel: Axes, tasks: list[str], methods: list[str], curves: Curves
) -> None:
    """Draw the mean curves over tasks of backbone, methods and CNN."""
    pool = [_mean_curve(curves, tasks, method) for method in methods]
    for name, (_, color, dashes, _) in LOOKS.items():
        if name == METHODS:
            if not pool:
                continue
            low, high = np.min(pool, axis=0), np.max(pool, axis=0)
            curve = np.mean(pool, axis=0)
            panel.fill_between(
                _fractions(curve), low, high, color=color, alpha=0.25, linewidth=0
            )
        else:
            curve = _mean_curve(curves, tasks, name)
        panel.plot(_fractions(curve), curve, color=color, linestyle=dashes)
    panel.axhline(SHARE, color=style.GREY, linewidth=0.6, zorder=1)
    panel.annotate(
        f"{100 * SHARE:g} %",
        xy=(1, SHARE),
        xytext=(0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
    )
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1.02)
    count = f"{len(tasks)} task{'' if len(tasks) == 1 else 's'}"
    panel.set_xlabel("number of components / dimension")
    panel.set_ylabel(f"share of the variance, mean over {count}")
    panel.grid()


def _mean_curve(curves: Curves, tasks: list[str], model: str) -> NDArray[np.float64]:
    """Return the mean over tasks of a model's curve; constant embeddings are left out.

    It starts with a point for no component, at zero.
    """
    for task in tasks:
        if f"{task}/{model}" not in curves:
            raise ValueError(
                f"scree.npz has no curve of {model} on {task}; complexity.csv and it"
                " are made together: make both again"
            )
    values = np.array([curves[f"{task}/{model}"] for task in tasks], dtype=np.float64)
    varying = values[~np.isnan(values).any(axis=1)]
    mean = varying.mean(axis=0) if len(varying) else np.full(values.shape[1], np.nan)
    return np.concatenate([[0.0], mean])


def _fractions(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linspace(0, 1, len(curve))


def _draw_row(
    panel: Axes, line: rows.Row, means: pd.DataFrame, methods: list[str]
) -> None:
    """Draw one task's fractions, or their means over tasks."""
    values = means.mean(skipna=False) if line.key == "mean" else means.loc[line.key]
    pool = values.reindex(methods)
    for name, value in _marks(values, pool):
        _, color, _, marker = LOOKS[name]
        if name == METHODS:
            ends = (pool.min(), pool.max())
            panel.plot(ends, [line.height] * 2, color=color, alpha=0.4, linewidth=4)
        if not np.isnan(value):
            panel.plot(value, line.height, **rows.mark(color, marker, size=4))


def _marks(values: pd.Series, pool: pd.Series) -> Iterator[tuple[str, float]]:
    """Yield the fraction of backbone, methods (their mean) and CNN."""
    for name in LOOKS:
        mean = pool.mean(skipna=False)
        yield name, float(mean if name == METHODS else values.get(name, np.nan))


def _finish(panel: Axes, lines: list[rows.Row]) -> None:
    """Label the rows; the axis starts at zero, as it shows a fraction."""
    panel.set_ylim(lines[-1].height + 0.6, lines[0].height - 0.6)
    panel.set_yticks([line.height for line in lines], [line.label for line in lines])
    for label, line in zip(panel.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if line.bold else "normal")
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.set_xlim(0, min(1.02, 1.1 * panel.dataLim.x1))
    panel.grid(axis="x")
    panel.set_xlabel(f"components for {100 * SHARE:g} % / dimension")


def _add_legend(figure: Figure) -> None:
    entries: dict[str, Line2D | Patch] = {
        label: Line2D(
            [], [], color=color, linestyle=dashes, marker=marker, markersize=4
        )
        for label, color, dashes, marker in LOOKS.values()
    }
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside upper center",
        ncols=3,
        handlelength=4,
    )

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from peftdiff.evaluation.standings import describe_tasks, stand
from peftdiff.tasks import GROUPS, TASKS, VtabTask

METHODS = (
    *("adapter", "lora", "vpt", "bitfit", "convpass"),
    *("convpass_attn", "fact_tt", "fact_tk", "noah"),
)
METRICS = ("peftdiff", "logme", "static", "parameter_count", "random")
SIX = {
    "natural": ("digits", "texture"),
    "specialized": ("land", "cells"),
    "structured": ("dsloc", "dsori"),
}
EIGHT = SIX | {"structured": ("dsloc", "dsori", "count", "dist")}
VTAB = [task for task in TASKS.values() if isinstance(task, VtabTask)]
NINETEEN = {
    group: tuple(task.slug for task in VTAB if task.group == group) for group in GROUPS
}


class Tables:
    """Small synthetic tables with the columns of the real ones."""

    six, eight, nineteen = SIX, EIGHT, NINETEEN
    methods, metrics = METHODS, METRICS

    @staticmethod
    def truth(tasks=SIX, methods=METHODS, seeds=2, references=("linear", "full")):
        rng = np.random.default_rng(0)
        rows = [
            ("mini", task, group, method, method in methods, seed, rng.uniform(30, 90))
            for group, members in tasks.items()
            for task in members
            for method in (*methods, *references)
            for seed in range(seeds)
        ]
        columns = ("task", "group", "method", "in_pool", "seed", "accuracy")
        return pd.DataFrame(rows, columns=["experiment", *columns])

    @staticmethod
    def scores(truth, metric="peftdiff"):
        pool = truth[truth["in_pool"]].drop(columns=["in_pool", "accuracy"])
        rng = np.random.default_rng(1)
        return pool.assign(metric=metric, score=rng.uniform(0, 2, len(pool)))

    @staticmethod
    def correlation(tasks=SIX, metrics=METRICS):
        rng = np.random.default_rng(2)
        rows = [
            ("mini", task, group, metric, rng.uniform(-0.5, 0.9), 9, 0.3, "")
            for group, members in tasks.items()
            for task in members
            for metric in metrics
        ]
        columns = ("task", "group", "metric", "weighted_tau", "n_methods", "null_sd")
        return pd.DataFrame(rows, columns=["experiment", *columns, "note"])

    @staticmethod
    def summary(correlation, null_sd=0.2):
        taus = correlation.groupby("metric", sort=False)["weighted_tau"]
        table = pd.DataFrame(
            {"mean_weighted_tau": taus.mean(), "n_tasks": taus.count()}
        ).reset_index()
        return table.assign(
            experiment="mini", null_sd_shared_permutation=null_sd, verdict="undefined"
        )

    @staticmethod
    def judged(truth):
        """Return what the accuracy figure is drawn from, by name."""
        standings = stand(truth)
        tasks = describe_tasks(truth, standings)
        return {"ground_truth": truth, "standings": standings, "tasks": tasks}

    @staticmethod
    def friedman(metrics=METRICS[:-1], difference=1.5, n_tasks=12):
        common = ("mini", n_tasks, len(metrics), 7.8, 0.05, difference, "")
        columns = ("experiment", "n_tasks", "n_metrics", "statistic", "p_value")
        columns += ("critical_difference", "note")
        table = pd.DataFrame([common] * len(metrics), columns=columns)
        ranks = np.linspace(1.5, len(metrics) - 0.5, len(metrics))
        return table.assign(metric=metrics, mean_rank=ranks)


@pytest.fixture(scope="session")
def make():
    return Tables


@pytest.fixture(scope="session")
def marks():
    """Return a function giving the (x, y) of all markers of a size in some axes."""

    def marks(axes, size):
        return [
            (float(x), float(y))
            for line in axes.lines
            if line.get_marker() not in ("None", "") and line.get_markersize() == size
            for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
        ]

    return marks


@pytest.fixture(scope="session")
def texts():
    """Return a function giving all texts that a figure shows."""

    def shown(figure):
        # Ticks beyond the limits of an axis exist, but are not drawn.
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                for tick in axis.get_major_ticks():
                    tick.label1.set_visible(low <= tick.get_loc() <= high)
        return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text()]

    return shown


@pytest.fixture(scope="session")
def overlaps(texts):
    """Return a function giving the pairs of texts that cover one another."""

    def overlaps(figure):
        figure.draw_without_rendering()
        boxes = [
            (text.get_text(), text.get_window_extent().padded(-0.5))
            for text in texts(figure)
        ]
        return [
            (first, second)
            for (first, a), (second, b) in itertools.combinations(boxes, 2)
            if a.overlaps(b)
        ]

    return overlaps

"""Scores and accuracies seed by seed, to average them over other sets of seeds.

A seed is one replicate of a method's source training, embedding and fine-tuning, on all
tasks. What is drawn again, or split into halves, is therefore a seed with everything
that belongs to it: its scores and its accuracies on every task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.statistics import (
    FEWEST,
    interval,
    resamples,
    splits,
    static_scores,
    weighted_taus,
)

Floats = NDArray[np.float64]

STATIC = "static"
PARAMETER_COUNT = "parameter_count"
UNSEEDED = -1  # stands for the seed of an accuracy that has none: a published one
DIGITS = 9  # of an accuracy in percent; what follows is rounding, and would break ties


@dataclass(frozen=True)
class Cells:
    """A number for each seed, task and method.

    Attributes
    ----------
    values : ndarray, shape (n_seeds, n_tasks, n_methods)
        NaN where the number is undefined.
    observed : ndarray of bool, same shape
        Whether there is such a cell at all.
    """

    values: Floats
    observed: NDArray[np.bool_]

    def mean(self, weights: Floats) -> Floats:
        """Return weighted means over seeds, (n_weights, n_tasks, n_methods).

        `weights` are (n_weights, n_seeds). A mean is NaN where a seed is undefined,
        whatever its weight, and where no seed is there.
        """
        known = np.where(self.observed, self.values, 0)
        totals = np.tensordot(weights, known, axes=1)
        counts = np.tensordot(weights, self.observed.astype(np.float64), axes=1)
        empty = np.full(totals.shape, np.nan)
        return np.divide(totals, counts, out=empty, where=counts > 0)


@dataclass(frozen=True)
class Replicates:
    """All seeds of an experiment.

    Attributes
    ----------
    tasks, methods, seeds : list
        In order of name; the methods are those of the pool.
    accuracies : Cells
    scores : mapping of metric to Cells
    parameters : ndarray, shape (n_tasks, n_methods)
        Trainable parameters.
    """

    tasks: list[str]
    methods: list[str]
    seeds: list[int]
    accuracies: Cells
    scores: Mapping[str, Cells]
    parameters: Floats

    def predict(self, metric: str, weights: Floats) -> Floats:
        """Return a metric's, or a baseline's, scores over weighted seeds.

        The static ranks follow the seeds, too, as accuracies make them.
        """
        if metric == STATIC:
            return static_scores(self.mean_accuracies(weights))
        if metric == PARAMETER_COUNT:
            return np.broadcast_to(
                self.parameters, (len(weights), *self.parameters.shape)
            )
        return self.scores[metric].mean(weights)

    def mean_accuracies(self, weights: Floats) -> Floats:
        """Return accuracies over weighted seeds, (n_weights, n_tasks, n_methods)."""
        return np.round(self.accuracies.mean(weights), DIGITS)

    def has_enough_seeds(self, metric: str) -> dict[str, bool]:
        """Return per task whether there are seeds enough for an interval.

        Those of the scores and those of the accuracies; a baseline has no seeds but
        those of the accuracies.
        """
        cells = (self.accuracies, self.scores.get(metric, self.accuracies))
        counts = [each.observed.any(axis=2).sum(axis=0) for each in cells]
        found = np.min(counts, axis=0) >= FEWEST
        return dict(zip(self.tasks, found.tolist(), strict=True))

    def seed_intervals(self, metric: str) -> dict[str, tuple[float, float]]:
        """Return per task the bootstrap interval of weighted tau over seeds.

        Seeds are drawn with replacement out of all, and scores and accuracies averaged
        over those drawn: jointly, so that a seed's scores and accuracies stay together.
        A sample whose seeds have no score, or no accuracy, is left out; this happens
        only where scores and accuracies have different seeds. NaN with fewer than
        ``FEWEST`` seeds. With a handful of seeds the interval is rather too narrow.
        """
        if len(self.methods) < 2:
            return dict.fromkeys(self.tasks, (np.nan, np.nan))
        counts, times = resamples(len(self.seeds))
        weights = counts.astype(np.float64)
        taus = weighted_taus(
            self.predict(metric, weights), self.mean_accuracies(weights)
        )
        return {
            task: interval(taus[:, place], times)
            if has_enough_seeds
            else (np.nan, np.nan)
            for place, (task, has_enough_seeds) in enumerate(
                self.has_enough_seeds(metric).items()
            )
        }

    def reliabilities(self, metric: str) -> dict[str, float]:
        """Return per task the split-half reliability of a metric's scores.

        Mean weighted tau between the scores over one half of the seeds and over the
        other, over all splits. NaN with one seed, or where a half ranks nothing.
        """
        own = self.scores.get(metric, self.accuracies).observed.any(axis=(1, 2))
        places = np.flatnonzero(own)
        if len(places) < 2 or len(self.methods) < 2:
            return dict.fromkeys(self.tasks, np.nan)
        halves = np.zeros((2, len(splits(len(places))), len(self.seeds)))
        for number, pair in enumerate(splits(len(places))):
            for side, half in enumerate(pair):
                halves[side, number, places[half]] = 1
        first, second = (self.predict(metric, half) for half in halves)
        means = weighted_taus(first, second).mean(axis=0)
        return dict(zip(self.tasks, means.tolist(), strict=True))


def replicates(scores: pd.DataFrame, truth: pd.DataFrame) -> Replicates:
    """Arrange the rows of scores.csv and of ground_truth.csv by seed.

    Tasks and methods are those of the ground truth's pool. An empty accuracy is a seed
    that is not there; an empty score is one that is undefined. Accuracies without seeds
    are one replicate, beside those of the scores.
    """
    pool = truth[truth["in_pool"].astype(bool)]
    pool = pool[pool["accuracy"].notna()]
    pool = pool.assign(seed=pool["seed"].fillna(UNSEEDED))
    tasks, methods = sorted(pool["task"].unique()), sorted(pool["method"].unique())
    known = scores["task"].isin(tasks) & scores["method"].isin(methods)
    scores = scores[known]
    seeds = sorted({*pool["seed"], *scores["seed"]})
    axes = [seeds, tasks, methods]
    parameters = pool.assign(seed=seeds[0] if seeds else 0)
    return Replicates(
        tasks=tasks,
        methods=methods,
        seeds=seeds,
        accuracies=_cells(pool, "accuracy", axes),
        scores={
            str(metric): _cells(table, "score", axes)
            for metric, table in scores.groupby("metric", sort=False)
        },
        parameters=_cells(parameters, "trainable_parameters", axes).values[0],
    )


def _cells(table: pd.DataFrame, column: str, axes: list[list[Any]]) -> Cells:
    values = np.full([len(axis) for axis in axes], np.nan)
    observed = np.zeros(values.shape, dtype=bool)
    names = ("seed", "task", "method")
    places = tuple(
        pd.Index(axis).get_indexer(table[name])
        for name, axis in zip(names, axes, strict=True)
    )
    values[places] = table[column]
    observed[places] = True
    return Cells(values, observed)


BASELINES = {
    "static": "Static order",
    "parameter_count": "Parameter count",
    "random": "Random",
}
"""Rows of ``correlation.csv`` that are no transferability metric."""

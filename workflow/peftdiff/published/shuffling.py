"""How far a mean tau comes from zero by chance, where tasks are not independent.

One order of the methods often serves many tasks, so that a mean over tasks averages
chance away less than as many independent rankings would. Here the names of the methods
are shuffled on one side, in all tasks alike, and nothing else is changed.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shuffled_taus(
    scores: Floats, accuracies: Floats, draws: int = 2_000, seed: int = 0
) -> Floats:
    """Return weighted taus after shuffling the methods' names, in all tasks alike.

    Parameters
    ----------
    scores, accuracies : ndarray, shape (n_tasks, n_methods)
        NaN where a method has no value on a task; it is left out there.
    draws : int
        How many shuffles; where there are no more than that, each is taken once.
    seed : int

    Returns
    -------
    ndarray, shape (n_tasks, min(draws, n_methods!))
        NaN where a task ranks fewer than two methods, or all of them alike.
    """
    n_methods = scores.shape[1]
    if math.factorial(n_methods) <= draws:
        orders = np.array(list(itertools.permutations(range(n_methods))))
    else:
        same = np.tile(np.arange(n_methods), (draws, 1))
        orders = np.random.default_rng(seed).permuted(same, axis=1)
    return np.array(
        [
            _weighted_taus(scored[orders], np.broadcast_to(true, orders.shape))
            for scored, true in zip(scores, accuracies, strict=True)
        ]
    )


def _weighted_taus(x: Floats, y: Floats) -> Floats:
    """Return each row's weighted tau, the same number as ``scipy.stats.weightedtau``.

    Columns where either is NaN are left out of their row.
    """
    valid = ~(np.isnan(x) | np.isnan(y))
    # What is left out ranks last, so that the others' ranks do not notice it.
    x, y = np.where(valid, x, -np.inf), np.where(valid, y, -np.inf)
    first, second = np.triu_indices(x.shape[1], 1)
    counted = valid[:, first] & valid[:, second]
    by_x = np.where(counted, np.sign(_differences(x, first, second)), 0)
    by_y = np.where(counted, np.sign(_differences(y, first, second)), 0)
    taus = []
    for keys in ((y, x), (x, y)):
        ranks = np.argsort(np.lexsort(keys, axis=1)[:, ::-1], axis=1)
        weights = 1 / (1 + ranks)
        pairs = weights[:, first] + weights[:, second]
        total = np.sqrt((pairs * by_x**2).sum(axis=1) * (pairs * by_y**2).sum(axis=1))
        agree = (pairs * by_x * by_y).sum(axis=1)
        taus.append(np.divide(agree, total, np.full(len(x), np.nan), where=total > 0))
    return np.asarray((taus[0] + taus[1]) / 2)


def _differences(
    x: Floats, first: NDArray[np.intp], second: NDArray[np.intp]
) -> Floats:
    with np.errstate(invalid="ignore"):  # of two that are left out
        return np.asarray(x[:, first] - x[:, second])

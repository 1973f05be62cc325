"""Rank agreement between scores and accuracies, and how much of it is chance."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


def weighted_tau(scores: ArrayLike, accuracies: ArrayLike) -> float:
    """Return the weighted Kendall tau of Vigna (WWW 2015), scipy's defaults.

    An exchange of two methods weighs 1 / rank for each of them, so that the best ranks
    count most; the mean is taken over ranks by score and ranks by accuracy.

    Parameters
    ----------
    scores, accuracies : array_like, shape (n_methods,)
        Higher is better in both; infinite values are ranked, too.

    Returns
    -------
    float
        Within [-1, 1]; NaN where all scores or all accuracies are equal.

    Raises
    ------
    ValueError
        For a NaN (which scipy would silently rank last), shapes that differ, or fewer
        than two methods.
    """
    columns = []
    for name, values in (("scores", scores), ("accuracies", accuracies)):
        column = np.asarray(values, dtype=np.float64)
        if column.ndim != 1:
            raise ValueError(
                f"{name} must have the shape (methods,), got {column.shape}"
            )
        if np.isnan(column).any():
            place = int(np.argmax(np.isnan(column)))
            raise ValueError(f"{name} contain NaN at position {place}; leave it out")
        columns.append(column)
    predicted, true = columns
    if len(predicted) != len(true):
        raise ValueError(f"{len(predicted)} scores do not match {len(true)} accuracies")
    _check_methods(len(predicted))
    if np.all(predicted == predicted[0]) or np.all(true == true[0]):
        return math.nan
    return float(stats.weightedtau(predicted, true).statistic)


def null_distribution(n_methods: int, draws: int = 10_000, seed: int = 0) -> Floats:
    """Return weighted taus between random rankings without ties.

    Parameters
    ----------
    n_methods : int
        At least 2.
    draws : int
        How many random rankings; where there are no more rankings than that, each is
        taken once and the distribution is exact.
    seed : int

    Returns
    -------
    ndarray, shape (min(draws, n_methods!),)
        Sorted. Its mean is about 0; its standard deviation is 0.306 for nine methods.

    Raises
    ------
    ValueError
        For fewer than two methods or no draws.
    """
    _check_methods(n_methods)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    if math.factorial(n_methods) <= draws:
        rankings = np.array(list(itertools.permutations(range(n_methods))))
    else:
        ordered = np.tile(np.arange(n_methods), (draws, 1))
        rankings = np.random.default_rng(seed).permuted(ordered, axis=1)
    return np.sort(_untied_taus(rankings))


def static_ranks(accuracies: pd.DataFrame) -> pd.DataFrame:
    """Rank the methods of each task by how they did on all other tasks.

    The baseline that looks at no image: a method that did well elsewhere is expected to
    do well here.

    Parameters
    ----------
    accuracies : DataFrame, tasks x methods
        Mean accuracies; a missing one is left out of its task's ranking.

    Returns
    -------
    DataFrame, tasks x methods
        Mean over the other tasks of the method's rank there, 1 for the worst; higher is
        better. NaN where the method has no accuracy on any other task.
    """
    ranks = accuracies.rank(axis=1)
    counts = ranks.notna().sum() - ranks.notna()
    totals = ranks.sum() - ranks.fillna(0)
    return totals / counts.where(counts > 0)


def reliability(accuracies: ArrayLike) -> float:
    """Return the split-half reliability of a ranking by mean accuracies.

    Parameters
    ----------
    accuracies : array_like, shape (n_seeds, n_methods)

    Returns
    -------
    float
        Mean weighted tau between the mean accuracies of one half of the seeds and of
        the other, over all splits (an odd seed out joins either half); NaN with one
        seed.

    Raises
    ------
    ValueError
        For a NaN, a wrong shape, or fewer than two methods.
    """
    table = np.asarray(accuracies, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(
            f"accuracies must have the shape (seeds, methods), got {table.shape}"
        )
    _check_methods(table.shape[1])
    if len(table) < 2:
        return math.nan
    return float(
        np.mean(
            [
                weighted_tau(table[half].mean(axis=0), table[other].mean(axis=0))
                for half, other in _halves(len(table))
            ]
        )
    )


def _halves(n_seeds: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield each way to split the seeds into halves once."""
    for half in itertools.combinations(range(n_seeds), n_seeds // 2):
        if n_seeds % 2 == 0 and half[0] != 0:
            return  # From here on the halves repeat, the other way round.
        yield list(half), [seed for seed in range(n_seeds) if seed not in half]


def _untied_taus(rankings: NDArray[np.int64]) -> Floats:
    """Return each row's weighted tau with 0 .. n - 1, where 0 is the best rank.

    The same number as ``scipy.stats.weightedtau``, all rows at once.
    """
    n = rankings.shape[1]
    first, second = np.triu_indices(n, 1)
    weights = 1 / (1 + np.arange(n))
    by_place = weights[first] + weights[second]
    by_rank = weights[rankings[:, first]] + weights[rankings[:, second]]
    agree = np.sign(rankings[:, second] - rankings[:, first])
    return np.asarray((agree * (by_place + by_rank)).sum(axis=1) / (2 * by_place.sum()))


def _check_methods(n_methods: int) -> None:
    if n_methods < 2:
        raise ValueError(f"a ranking needs at least two methods, got {n_methods}")

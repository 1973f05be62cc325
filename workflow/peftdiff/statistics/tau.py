"""Rank agreement between scores and accuracies, and what chance makes of it."""

import itertools
import math

import numpy as np
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
    check_methods(len(predicted))
    if np.all(predicted == predicted[0]) or np.all(true == true[0]):
        return math.nan
    return float(stats.weightedtau(predicted, true).statistic)


def weighted_taus(
    scores: ArrayLike, accuracies: ArrayLike, leave_out: bool = False
) -> Floats:
    """Return the weighted tau of many pairs of rankings at once, ties included.

    The same numbers as ``weighted_tau`` of each pair of rows.

    Parameters
    ----------
    scores, accuracies : array_like, shape (..., n_methods)
        Their leading axes are broadcast.
    leave_out : bool
        Whether a method with a NaN on either side is left out of that pair of rows, so
        that the others are ranked without it.

    Returns
    -------
    ndarray, shape (...)
        NaN where a row holds a NaN (but for `leave_out`), where all its scores or
        accuracies are equal, or where fewer than two methods are left.

    Raises
    ------
    ValueError
        For fewer than two methods, or numbers of methods that differ.
    """
    predicted = np.asarray(scores, dtype=np.float64)
    true = np.asarray(accuracies, dtype=np.float64)
    if predicted.shape[-1] != true.shape[-1]:
        raise ValueError(
            f"{predicted.shape[-1]} scores do not match {true.shape[-1]} accuracies"
        )
    check_methods(true.shape[-1])
    known = ~(np.isnan(predicted) | np.isnan(true))
    pairs = _both(known) if leave_out else None
    by_score, by_accuracy = _signs(predicted), _signs(true)
    n = true.shape[-1]
    if pairs is not None:
        by_score, by_accuracy = by_score * pairs, by_accuracy * pairs
    taus = _one_sided(by_score, by_accuracy, n, pairs)
    taus += _one_sided(by_accuracy, by_score, n, pairs)
    if not leave_out:
        taus = np.where(known.all(axis=-1), taus, np.nan)
    return np.asarray(taus / 2)


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
    check_methods(n_methods)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    if math.factorial(n_methods) <= draws:
        rankings = np.array(list(itertools.permutations(range(n_methods))))
    else:
        ordered = np.tile(np.arange(n_methods), (draws, 1))
        rankings = np.random.default_rng(seed).permuted(ordered, axis=1)
    return np.sort(_untied_taus(rankings))


def _signs(values: Floats) -> Floats:
    """Return, for each pair of methods, 1 where the first is higher, -1 where lower."""
    first, second = np.triu_indices(values.shape[-1], 1)
    one, other = values.take(first, axis=-1), values.take(second, axis=-1)
    # Not the sign of a difference: that of two infinite values is NaN.
    return (one > other).astype(np.float64) - (one < other)


def _both(known: NDArray[np.bool_]) -> Floats:
    """Return, for each pair of methods, 1 where both are known, else 0."""
    first, second = np.triu_indices(known.shape[-1], 1)
    both = known.take(first, axis=-1) & known.take(second, axis=-1)
    return both.astype(np.float64)


def _one_sided(signs: Floats, others: Floats, n: int, pairs: Floats | None) -> Floats:
    """Return the tau whose weights come from the ranking that `signs` compares."""
    first, second = (np.eye(n)[members] for members in np.triu_indices(n, 1))
    # Ties are ranked by the other side; methods tied in both are interchangeable.
    behind = (np.where(signs == 0, others, signs) < 0).astype(np.float64)
    ahead = 1 - behind
    if pairs is not None:  # what is left out is neither ahead nor behind
        behind, ahead = behind * pairs, ahead * pairs
    ranks = behind @ first + ahead @ second
    weights = (1 / (1 + ranks)) @ (first + second).T
    agree = np.einsum("...p,...p,...p->...", signs, others, weights)
    own, other = (
        np.einsum("...p,...p->...", np.abs(side), weights) for side in (signs, others)
    )
    empty = np.full(np.shape(agree), np.nan)
    norm = np.sqrt(own * other)
    return np.divide(agree, norm, out=empty, where=norm > 0)


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


def check_methods(n_methods: int) -> None:
    """Raise unless there are methods to rank."""
    if n_methods < 2:
        raise ValueError(f"a ranking needs at least two methods, got {n_methods}")

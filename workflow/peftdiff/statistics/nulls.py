"""Null distributions of a tau and of a mean of taus, and their p-values.

All p-values are two-sided: a ranking that is reliably upside down is no chance result
either. The null distribution is not symmetric, so that the share of random rankings is
counted whose tau is at least as far from zero, on either side.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from peftdiff.statistics.tau import check_methods, null_distribution, weighted_taus

Floats = NDArray[np.float64]

DRAWS = 10_000
ROUNDING = 1e-9  # taus closer than this are equal


class Null(NamedTuple):
    """What a tau, or a mean of taus, is among random rankings.

    Attributes
    ----------
    taus : ndarray
        One value a random ranking; sorted.
    exact : bool
        Whether every possible ranking is in it once.
    """

    taus: Floats
    exact: bool


def permutation_null(
    scores: ArrayLike, accuracies: ArrayLike, draws: int = DRAWS, seed: int = 0
) -> Null:
    """Return the weighted taus of scores dealt out to the methods at random.

    Ties stay ties. The methods' order does not matter.

    Parameters
    ----------
    scores, accuracies : array_like, shape (n_methods,)
    draws : int
        How many random orders; where there are no more than that, each is taken once.
    seed : int

    Raises
    ------
    ValueError
        For a NaN, fewer than two methods, or where all scores or all accuracies are
        equal.
    """
    patterns = [_pattern(scores), _pattern(accuracies)]
    for pattern in patterns:
        check_methods(len(pattern))
        if pattern[0] == pattern[-1]:
            raise ValueError(
                "all scores or all accuracies are equal; they rank nothing"
            )
    of_scores, of_accuracies = patterns
    return _null(of_scores, of_accuracies, draws, seed)


def null_of_mean(nulls: Sequence[Null], draws: int = DRAWS, seed: int = 0) -> Null:
    """Return means of taus, one drawn from the null distribution of each task.

    This takes random rankings of different tasks as independent.

    Parameters
    ----------
    nulls : sequence of Null
        One per task; their order does not matter.
    draws : int
    seed : int

    Raises
    ------
    ValueError
        For no null distribution.
    """
    if not nulls:
        raise ValueError("nulls are empty; a mean needs at least one task")
    if len(nulls) == 1:
        return nulls[0]
    rng = np.random.default_rng(seed)
    ordered = sorted(nulls, key=lambda null: null.taus.tobytes())
    total = sum(rng.choice(null.taus, size=draws) for null in ordered)
    return Null(np.sort(total / len(nulls)), exact=False)


def shared_null(
    scores: ArrayLike, accuracies: ArrayLike, draws: int = DRAWS, seed: int = 0
) -> Null:
    """Return mean taus over tasks when one random order of methods serves all tasks.

    A metric that ranks the methods alike on every task, where accuracies are alike as
    well, has only one chance to be right, not one per task: the null distribution of
    its mean is wider than ``null_of_mean`` says. Here a method's scores on all tasks
    move together to another method, so that both likenesses stay as they are.

    Parameters
    ----------
    scores, accuracies : array_like, shape (n_tasks, n_methods)
    draws : int
        How many random orders; where there are no more than that, each is taken once.
    seed : int

    Raises
    ------
    ValueError
        For fewer than two methods or shapes that differ.
    """
    taus = shared_taus(scores, accuracies, draws, seed)
    exact = math.factorial(np.shape(scores)[-1]) <= draws
    return Null(np.sort(np.mean(taus, axis=0)), exact)


def shared_taus(
    scores: ArrayLike,
    accuracies: ArrayLike,
    draws: int = DRAWS,
    seed: int = 0,
    leave_out: bool = False,
) -> Floats:
    """Return the taus whose means ``shared_null`` gives, task by task.

    Parameters
    ----------
    scores, accuracies : array_like, shape (n_tasks, n_methods)
    draws, seed
        As for ``shared_null``.
    leave_out : bool
        As for ``weighted_taus``.

    Returns
    -------
    ndarray, shape (n_tasks, min(draws, n_methods!))
        A column for each random order.
    """
    predicted = np.asarray(scores, dtype=np.float64)
    true = np.asarray(accuracies, dtype=np.float64)
    orders, _ = _orders(predicted.shape[-1], draws, seed)
    return np.array(
        [
            weighted_taus(scored[orders], accuracy, leave_out)
            for scored, accuracy in zip(predicted, true, strict=True)
        ]
    )


def p_value(tau: float, null: Null) -> float:
    """Return the two-sided p-value of a tau, or of a mean of taus.

    The share of the null distribution that is at least as far from zero. Where it is a
    sample, the tau itself counts as one more draw, so that the p-value is never 0.
    """
    beyond = int(np.sum(np.abs(null.taus) >= abs(tau) - ROUNDING))
    if null.exact:
        return beyond / len(null.taus)
    return (beyond + 1) / (len(null.taus) + 1)


def smallest_p_value(null: Null) -> float:
    """Return the p-value of the tau that is farthest from zero: none is below it.

    With three methods there are six orders, and the best of all rankings has a p-value
    of at least a sixth: so little data cannot tell any ranking from chance.
    """
    return p_value(float(np.abs(null.taus).max()), null)


def _pattern(values: ArrayLike) -> tuple[int, ...]:
    """Return the sorted values as 0, 1, ...: all that a null distribution knows."""
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or np.isnan(column).any():
        raise ValueError("scores and accuracies must be numbers of shape (methods,)")
    return tuple(np.sort(np.unique(column, return_inverse=True)[1]).tolist())


@functools.lru_cache(maxsize=1000)
def _null(
    scores: tuple[int, ...], accuracies: tuple[int, ...], draws: int, seed: int
) -> Null:
    n = len(scores)
    if scores == accuracies == tuple(range(n)):
        exact = math.factorial(n) <= draws
        return Null(null_distribution(n, draws, seed), exact)
    orders, exact = _orders(n, draws, seed)
    taus = weighted_taus(np.asarray(scores)[orders], accuracies)
    return Null(np.sort(taus), exact)


def _orders(n: int, draws: int, seed: int) -> tuple[NDArray[np.int64], bool]:
    """Return orders of n methods, and whether these are all there are."""
    check_methods(n)
    if math.factorial(n) <= draws:
        return np.array(list(itertools.permutations(range(n)))), True
    ordered = np.tile(np.arange(n), (draws, 1))
    return np.random.default_rng(seed).permuted(ordered, axis=1), False

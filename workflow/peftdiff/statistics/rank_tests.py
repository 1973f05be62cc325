"""Ranks within several blocks: the tests of Friedman and Nemenyi."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]

ALPHA = 0.05


class Friedman(NamedTuple):
    """What the test of Friedman found: whether all treatments do alike.

    Attributes
    ----------
    mean_ranks : ndarray, shape (n_treatments,)
        1 is the best; ties share their mean rank.
    statistic, p_value : float
        Chi-squared with n_treatments - 1 degrees of freedom, which is rough below ten
        blocks or so; NaN where all treatments are tied in every block.
    """

    mean_ranks: Floats
    statistic: float
    p_value: float


def friedman(values: ArrayLike) -> Friedman:
    """Test whether the treatments of a block design differ (Friedman, 1937).

    Parameters
    ----------
    values : array_like, shape (n_blocks, n_treatments)
        Higher is better.

    Raises
    ------
    ValueError
        For a NaN, fewer than two blocks or fewer than three treatments.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2 or table.shape[1] < 3:
        raise ValueError(
            "values must have the shape (blocks, treatments) with at least two blocks "
            f"and three treatments, got {table.shape}"
        )
    if np.isnan(table).any():
        raise ValueError("values contain NaN; leave its treatment or block out")
    mean_ranks = stats.rankdata(-table, axis=1).mean(axis=0)
    if (table == table[:, :1]).all():
        return Friedman(mean_ranks, math.nan, math.nan)
    test = stats.friedmanchisquare(*table.T)
    return Friedman(mean_ranks, float(test.statistic), float(test.pvalue))


def nemenyi(mean_ranks: ArrayLike, n_blocks: int) -> Floats:
    """Return p-values of all pairs of treatments after Friedman (Nemenyi, 1963).

    They hold for all pairs together, and mean something only where Friedman's test
    finds a difference.

    Parameters
    ----------
    mean_ranks : array_like, shape (n_treatments,)
    n_blocks : int
        How many blocks the ranks are means of.

    Returns
    -------
    ndarray, shape (n_treatments, n_treatments)
    """
    ranks = np.asarray(mean_ranks, dtype=np.float64)
    differences = np.abs(ranks[:, None] - ranks)
    first, second = np.triu_indices(len(ranks), 1)
    ranges = differences[first, second] / _standard_error(len(ranks), n_blocks)
    p_values = np.ones_like(differences)
    tail = stats.studentized_range.sf(ranges, len(ranks), np.inf)
    p_values[first, second] = p_values[second, first] = np.clip(tail, 0, 1)
    return p_values


def critical_difference(
    n_treatments: int, n_blocks: int, alpha: float = ALPHA
) -> float:
    """Return the least difference of mean ranks that Nemenyi's test notices."""
    quantile = stats.studentized_range.ppf(1 - alpha, n_treatments, np.inf)
    return float(quantile * _standard_error(n_treatments, n_blocks))


def _standard_error(n_treatments: int, n_blocks: int) -> float:
    # Of a mean rank; the studentized range is in this unit.
    return math.sqrt(n_treatments * (n_treatments + 1) / (12 * n_blocks))

"""Reliability: how far one half of the seeds ranks as the other half does."""

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from peftdiff.statistics.tau import check_methods, weighted_tau

Floats = NDArray[np.float64]


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
    check_methods(table.shape[1])
    if len(table) < 2:
        return math.nan
    return float(
        np.mean(
            [
                weighted_tau(table[half].mean(axis=0), table[other].mean(axis=0))
                for half, other in splits(len(table))
            ]
        )
    )


def splits(n_seeds: int) -> list[tuple[list[int], list[int]]]:
    """Return each way to split seeds 0 .. n - 1 into halves, once.

    With an odd number the second half is the larger by one.
    """
    halves = [list(h) for h in itertools.combinations(range(n_seeds), n_seeds // 2)]
    if n_seeds % 2 == 0:
        # The second part of the list repeats the first, the other way round.
        halves = [half for half in halves if 0 in half]
    everyone = set(range(n_seeds))
    return [(half, sorted(everyone - set(half))) for half in halves]


def spearman_brown(half: float) -> float:
    """Return the reliability of all seeds from that of half of them: 2 r / (1 + r).

    A negative r, which says that the halves share nothing, counts as 0.

    The formula (Spearman, 1910; Brown, 1910) is exact for product-moment correlations
    and halves of equal size and noise; for a weighted tau it is an approximation.
    """
    kept = half if math.isnan(half) else max(half, 0.0)
    return 2 * kept / (1 + kept)


def ceiling(score_reliability: float, truth_reliability: float) -> float:
    """Return the tau that a metric could reach if only noise stood in its way.

    With R = 2 r / (1 + r) for the split-half reliability r of each side,

        ceiling = sqrt(R of the scores * R of the ground truth),

    as the correlation of two noisy measurements of one true ranking (Spearman, 1904).
    It assumes that tau is diluted by noise as a product-moment correlation is, and that
    the noise of scores and of accuracies is independent. A seed's scores and accuracies
    share their source training, so that a tau may pass the ceiling.

    Parameters
    ----------
    score_reliability, truth_reliability : float
        Split-half reliabilities; a negative one counts as 0.
    """
    product = spearman_brown(score_reliability) * spearman_brown(truth_reliability)
    return math.sqrt(product)

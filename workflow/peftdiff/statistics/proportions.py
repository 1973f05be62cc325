"""What a test set of some images can tell: shares of right answers and their noise."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom, fisher_exact, norm


def share_p_value(percent: float, count: int, floor: float) -> float:
    """Return how probable such a share of right answers is at a true share of `floor`.

    One-sided and exact (binomial).

    Parameters
    ----------
    percent
        Right answers, percent of the images.
    count
        The number of images.
    floor
        The share to be exceeded, percent.
    """
    right = _right(percent, count)
    return float(binom.sf(right - 1, count, min(max(floor, 0.0), 100.0) / 100))


def two_shares_p_value(higher: float, lower: float, count: int) -> float:
    """Return how probable it is that a share exceeds another so much by chance.

    Fisher's exact test, one-sided, of two samples of the same size. Two models that
    are measured on the same images agree on most of them, so that the true p-value is
    smaller rather than larger.

    Parameters
    ----------
    higher, lower
        Right answers, percent of the images.
    count
        The number of images.
    """
    one, other = _right(higher, count), _right(lower, count)
    table = np.array([[one, count - one], [other, count - other]])
    return float(fisher_exact(table, alternative="greater").pvalue)


def mean_shares_p_value(
    higher: ArrayLike, lower: ArrayLike, counts: ArrayLike
) -> float:
    """Return how probable it is that a mean of shares exceeds another by chance.

    One-sided, by the normal approximation; the variances of all shares are added.

    Parameters
    ----------
    higher, lower : array_like, shape (n_tasks,)
        Right answers on each task, percent of its images.
    counts : array_like, shape (n_tasks,)
        The numbers of images.
    """
    one, other = (np.asarray(x, dtype=np.float64) / 100 for x in (higher, lower))
    both = (one + other) / 2  # under the hypothesis that there is no difference
    variance = float((2 * both * (1 - both) / np.asarray(counts)).sum())
    difference = float((one - other).sum())
    if variance == 0 or difference <= 0:
        return 1.0
    return float(norm.sf(difference / math.sqrt(variance)))


def _right(percent: float, count: int) -> int:
    """Return the number of right answers; a mean over seeds need not be a whole one."""
    if math.isnan(percent) or not 0 <= percent <= 100 or count < 1:
        raise ValueError(f"{percent} % of {count} images is no number of right answers")
    return round(percent * count / 100)

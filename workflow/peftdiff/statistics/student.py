"""Student's interval: how far a mean of a few values, one per seed, can be trusted."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from peftdiff.statistics.bootstrap import FEWEST, LEVEL


def student_interval(values: ArrayLike, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a mean by Student's t.

    Unlike scipy's, it is defined for values that are all equal, too.

    Parameters
    ----------
    values : array_like, shape (n,)
        For instance the differences of two methods' accuracies, seed by seed.
    level : float

    Returns
    -------
    (float, float)
        NaN with fewer than ``FEWEST`` values.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) < FEWEST:
        return math.nan, math.nan
    mean = float(numbers.mean())
    error = float(numbers.std(ddof=1)) / math.sqrt(len(numbers))
    reach = float(student.ppf((1 + level) / 2, len(numbers) - 1)) * error
    return mean - reach, mean + reach


def student_p_value(values: ArrayLike) -> float:
    """Return the one-sided p-value of a mean above zero, by Student's t.

    Unlike scipy's, it is defined for values that are all equal, too.

    Parameters
    ----------
    values : array_like, shape (n,)
        As for `student_interval`.

    Returns
    -------
    float
        NaN with fewer than ``FEWEST`` values.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) < FEWEST:
        return math.nan
    mean = float(numbers.mean())
    error = float(numbers.std(ddof=1)) / math.sqrt(len(numbers))
    if error == 0:
        return float(mean <= 0)
    return float(student.sf(mean / error, len(numbers) - 1))

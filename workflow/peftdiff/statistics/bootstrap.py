"""Bootstrap intervals: what other seeds, or other tasks, might have given."""

import functools
import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

FEWEST = 3  # With fewer seeds, or tasks, an interval would say next to nothing.
DRAWS = 10_000
LEVEL = 0.95


@functools.lru_cache(maxsize=32)
def resamples(n: int, draws: int = DRAWS, seed: int = 0) -> tuple[Counts, Counts]:
    """Return samples of n things out of n, drawn with replacement.

    Parameters
    ----------
    n : int
        At least 1.
    draws : int
        How many samples; where there are no more than that (n to the power of n), each
        is taken once and the bootstrap is exact.
    seed : int

    Returns
    -------
    counts : ndarray, shape (n_samples, n)
        How often each thing stands in each of the different samples.
    times : ndarray, shape (n_samples,)
        How often that sample was drawn.

    Raises
    ------
    ValueError
        For nothing to draw from, or no draws.
    """
    if n < 1 or draws < 1:
        raise ValueError(f"n and draws must be at least 1, got {n} and {draws}")
    if n**n <= draws:
        samples = np.array(list(itertools.product(range(n), repeat=n)))
        counts = (samples[:, :, None] == np.arange(n)).sum(axis=1)
    else:
        counts = np.random.default_rng(seed).multinomial(n, [1 / n] * n, size=draws)
    different, times = np.unique(counts, axis=0, return_counts=True)
    for array in (different, times):
        array.setflags(write=False)  # It is remembered, and given to others too.
    return different, times


def interval(
    values: ArrayLike, times: ArrayLike | None = None, level: float = LEVEL
) -> tuple[float, float]:
    """Return the percentile interval of bootstrapped values.

    Parameters
    ----------
    values : array_like, shape (n_samples,)
        Those that are NaN are left out.
    times : array_like of int, shape (n_samples,)
        How often each counts; once, if not given.
    level : float

    Returns
    -------
    (float, float)
        NaN where no value is left.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if times is not None:
        numbers = numbers.repeat(np.asarray(times))
    numbers = numbers[~np.isnan(numbers)]
    if not len(numbers):
        return np.nan, np.nan
    low, high = np.quantile(numbers, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_interval(
    values: ArrayLike, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """Return the bootstrap interval of a mean; it does not depend on the order.

    Parameters
    ----------
    values : array_like, shape (n,)
        One value per task.
    draws : int
    seed : int

    Returns
    -------
    (float, float)
        95 % percentile interval; NaN with fewer than ``FEWEST`` values. With few values
        it is too narrow: theirs are the only ones it knows.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if len(ordered) < FEWEST:
        return np.nan, np.nan
    counts, times = resamples(len(ordered), draws, seed)
    return interval(counts @ ordered / len(ordered), times)

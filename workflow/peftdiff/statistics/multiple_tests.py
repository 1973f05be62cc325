"""P-values of several tests at once: whoever tries many finds a good one by luck."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p_values: ArrayLike) -> Floats:
    """Return p-values corrected for their number by Holm's step-down method.

    The smallest of n p-values is multiplied by n, the next by n - 1, and so on; none
    may fall below a smaller one's, and none exceeds 1. Rejecting where the result is
    at most a level keeps the chance of any false rejection below it, whatever the
    tests have in common (Holm, Scandinavian Journal of Statistics, 1979).

    Parameters
    ----------
    p_values : array_like, shape (n_tests,)
        A NaN stays one, and does not count as a test.

    Returns
    -------
    ndarray, shape (n_tests,)

    Raises
    ------
    ValueError
        For another shape, or a p-value outside of [0, 1].
    """
    given = np.asarray(p_values, dtype=np.float64)
    if given.ndim != 1:
        raise ValueError(f"p-values must have the shape (tests,), got {given.shape}")
    tested = np.flatnonzero(~np.isnan(given))
    if ((given[tested] < 0) | (given[tested] > 1)).any():
        raise ValueError("p-values must lie between 0 and 1")
    order = tested[np.argsort(given[tested], kind="stable")]
    steps = given[order] * np.arange(len(order), 0, -1)
    corrected = np.full_like(given, np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected

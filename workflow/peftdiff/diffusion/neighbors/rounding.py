"""Bounds on the squared distance to the k-th nearest, rounding included."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64] | NDArray[np.float32]

GROUPS = 4  # groups of columns, as a multiple of k: about 1.15 k pass the bound then


def kth_bound(values: NDArray[Any], k: int) -> NDArray[Any]:
    """Return a number no smaller than each row's k-th smallest, shape (rows,).

    It is the k-th smallest of the minima of groups of columns, which is hardly larger
    and found several times faster.
    """
    rows, columns = values.shape
    size = columns // (GROUPS * k)
    if size > 1:
        whole = values[:, : size * GROUPS * k]
        values = whole.reshape(rows, size, GROUPS * k).min(axis=1)
    return np.asarray(np.partition(values, k - 1, axis=1)[:, k - 1])


def cutoffs(
    kth: Floats, norms: NDArray[np.float64], n_terms: int, dtype: type, tie: float
) -> NDArray[np.float64]:
    """Bound the computed squared distances of all members of a neighborhood.

    A sum of m products is off by at most m u times the sum of their absolute values,
    whatever the order of the additions, with u = eps / 2 (Higham 2002, section 3.1).
    For |a|^2 + |b|^2 - 2ab these are at most (|a| + |b|)^2, and |b| <= |a| + r at a
    distance r, so that the error is within c (2|a| + r)^2.

    Parameters
    ----------
    kth : ndarray, shape (rows,)
        The k-th smallest squared distance computed so far; infinite where fewer than k
        have been.
    norms : ndarray, shape (rows,)
        |a|, the norms of the rows.
    n_terms : int
        Number of terms summed in each product.
    dtype : type
        The floating-point type of the products.
    tie : float
        Distances that differ by no more than this are equal.

    Returns
    -------
    ndarray, shape (rows,)
        A sample no farther away than the k-th nearest has a computed squared distance
        no larger than this.
    """
    precision = np.finfo(dtype)
    # Eight terms more, for the rounding of the factors themselves.
    c = (n_terms + 8) * float(precision.eps) / 2
    least = (n_terms + 8) * float(precision.tiny)
    squared = np.maximum(kth, 0, dtype=np.float64)
    # r^2 <= kth + c (2|a| + r)^2 holds for the k found so far; solved roughly for r ...
    root = np.sqrt(c)
    farthest = (np.sqrt(squared + least) + 2 * root * norms) / (1 - root)
    # ... and inserted again. Twice the tie, as centering has rounded the rows as well.
    reach = np.sqrt(squared + c * (2 * norms + farthest) ** 2 + least) + 2 * tie
    return reach**2 + c * (2 * norms + reach) ** 2 + least

"""Pairs of samples, their float64 distances, and the nearest of each sample's."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CHUNK_CELLS = 50_000  # of the rows gathered at once: they stay in the cache
CLOSE = 0.01  # below this share of |a|^2 + |b|^2, products lose too many digits

Index = NDArray[np.integer]


class Pairs(NamedTuple):
    """Samples and others near them.

    Attributes
    ----------
    rows, columns : ndarray of int, shape (m,)
    distances : ndarray of float64, shape (m,)
    """

    rows: Index
    columns: Index
    distances: NDArray[np.float64]


def pair_distances(
    features: NDArray[np.float64], rows: Index, columns: Index
) -> NDArray[np.float64]:
    """Return the Euclidean distance of each pair, shape (m,).

    From float64 products of the two rows, each added up alone, so that neither threads
    nor other samples matter; from their difference where they are so close that the
    products would lose digits.
    """
    squared = np.einsum("ij,ij->i", features, features)
    squared = squared[rows] + squared[columns]
    close = CLOSE * squared
    for part in _chunks(len(rows), features.shape[1]):
        products = np.vecdot(features[rows[part]], features[columns[part]])
        squared[part] -= 2 * products
    near = np.flatnonzero(squared <= close)
    squared[near] = squared_gaps(features, rows[near], columns[near])
    return np.sqrt(squared, out=squared)


def squared_gaps(
    features: NDArray[np.floating], rows: Index, columns: Index
) -> NDArray[np.float64]:
    """Return the squared norm of each pair's difference in float64, shape (m,)."""
    squared = np.empty(len(rows))
    for part in _chunks(len(rows), features.shape[1]):
        gap = np.subtract(
            features[rows[part]], features[columns[part]], dtype=np.float64
        )
        np.vecdot(gap, gap, out=squared[part])
    return squared


def _chunks(n_pairs: int, d: int) -> Iterator[slice]:
    step = max(1, CHUNK_CELLS // d)
    for first in range(0, n_pairs, step):
        yield slice(first, first + step)


def nearest_pairs(pairs: Pairs, neighbors: int, tie: float) -> Pairs:
    """Return each row's nearest columns and all ties with the last, nearest first.

    Parameters
    ----------
    pairs : Pairs
        At least `neighbors` of each row, in any order.
    neighbors : int
    tie : float
        Distances that differ by no more than this are equal.
    """
    order = np.lexsort((pairs.columns, pairs.distances, pairs.rows))
    rows, columns = pairs.rows[order], pairs.columns[order]
    distances = pairs.distances[order]
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    counts = np.diff(starts, append=len(rows))
    kept = distances <= np.repeat(distances[starts + neighbors - 1] + tie, counts)
    return Pairs(rows[kept], columns[kept], distances[kept])

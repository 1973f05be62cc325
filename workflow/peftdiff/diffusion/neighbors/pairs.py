"""Pairs of samples, their float64 distances, and each sample's nearest pairs."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from peftdiff.threads import in_threads

CHUNK_CELLS = 50_000  # numbers gathered at once, so that they stay in the cache
PIECE_CELLS = 2_000_000  # numbers that one thread gathers at a time
CLOSE = 0.01  # below this share of |a|^2 + |b|^2, products lose too many digits

Index = NDArray[np.integer]


class Pairs(NamedTuple):
    """Pairs of samples.

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

    It is computed from float64 products of the two rows, each summed by itself, so that
    neither threads nor other samples matter, or from the difference of the rows where
    they are so close that the products would lose digits.
    """
    norms = np.einsum("ij,ij->i", features, features)
    sums = norms[rows] + norms[columns]
    squared = sums.copy()
    d = features.shape[1]

    def subtract_products(piece: slice) -> None:
        for chunk in _chunks(piece, CHUNK_CELLS // d):
            products = np.vecdot(features[rows[chunk]], features[columns[chunk]])
            squared[chunk] -= 2 * products

    all_pairs = slice(0, len(rows))
    in_threads(subtract_products, list(_chunks(all_pairs, PIECE_CELLS // d)))
    return repaired_distances(features, Pairs(rows, columns, squared), sums)


def repaired_distances(
    features: NDArray[np.float64], squared: Pairs, sums: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distances whose squares |a|^2 + |b|^2 - 2ab are given, shape (m,).

    Where they are far below the `sums` |a|^2 + |b|^2, and have lost digits, they are
    computed again from the difference of the rows.
    """
    rows, columns, squares = squared
    near = np.flatnonzero(squares <= CLOSE * sums)
    squares[near] = squared_gaps(features, rows[near], columns[near])
    return np.sqrt(squares, out=squares)


def squared_gaps(
    features: NDArray[np.floating], rows: Index, columns: Index
) -> NDArray[np.float64]:
    """Return the squared norm of each pair's difference in float64, shape (m,)."""
    squared = np.empty(len(rows))
    for chunk in _chunks(slice(0, len(rows)), CHUNK_CELLS // features.shape[1]):
        gap = np.subtract(
            features[rows[chunk]], features[columns[chunk]], dtype=np.float64
        )
        np.vecdot(gap, gap, out=squared[chunk])
    return squared


def _chunks(pairs: slice, size: int) -> Iterator[slice]:
    step = max(1, size)
    for first in range(pairs.start, pairs.stop, step):
        yield slice(first, min(first + step, pairs.stop))


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
    # The last key is sorted by first: a stable sort keeps that order among equals.
    order = stable_order(pairs.columns)
    order = order[np.argsort(pairs.distances[order], kind="stable")]
    order = order[stable_order(pairs.rows[order])]
    rows, columns = pairs.rows[order], pairs.columns[order]
    distances = pairs.distances[order]
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    counts = np.diff(starts, append=len(rows))
    kept = distances <= np.repeat(distances[starts + neighbors - 1] + tie, counts)
    return Pairs(rows[kept], columns[kept], distances[kept])


def stable_order(samples: Index) -> NDArray[np.int64]:
    """Return the stable order of indices below 2^32, sorted by 16 bits at a time.

    numpy sorts 16-bit integers in linear time.
    """
    order = np.argsort(samples.astype(np.uint16), kind="stable")
    if samples.max(initial=0) < 1 << 16:
        return order
    upper = (samples[order] >> 16).astype(np.uint16)
    return order[np.argsort(upper, kind="stable")]

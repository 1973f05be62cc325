"""Exact nearest neighbors: cheap products propose, float64 differences decide."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from peftdiff.neighbors.neighborhoods import Neighborhoods

TIE = 1e-12  # distances closer than this, relative to the largest row norm, are ties
MARGIN = 12  # proposed beyond the neighbors asked for, so that few proofs fail
BLOCK_CELLS = 16_000_000  # products held at once (64 MB in float32)
CHUNK_CELLS = 100_000  # float64 differences held at once: they stay in the cache
MAX_PAIRS = 50_000_000  # more than this comes only of masses of equal rows

Index = NDArray[np.int64]
Pairs = tuple[Index, Index, NDArray[np.float64]]
Products = NDArray[np.float32] | NDArray[np.float64]


def exact_neighbors(features: NDArray[np.float64], neighbors: int) -> Neighborhoods:
    """Find all samples no farther away than each sample's k-th nearest.

    Blocked float32 products propose the nearest few; their distances are computed again
    in float64 as the norm of the difference, which depends neither on the number of
    threads nor on the order of the samples. A bound on the rounding proves for each
    sample that no one else can belong. Where the proof fails (tight clusters) float64
    products propose, and where that fails too (ties) everyone is compared.

    Parameters
    ----------
    features : ndarray of float64, shape (n, d)
    neighbors : int
        1 .. n, the sample itself counted.

    Returns
    -------
    Neighborhoods

    Raises
    ------
    ValueError
        When ties make the neighborhoods too large to hold.
    """
    # A power of two, so that scaling rounds nothing; no square over- or underflows.
    scale = float(np.exp2(np.frexp(np.abs(features).max())[1] - 1))
    centered = features / scale
    tie = TIE * float(np.sqrt(np.einsum("ij,ij->i", centered, centered).max()))
    # Distances do not feel a shift, but products of centered rows round less.
    centered -= centered.mean(axis=0)
    found: list[Pairs] = []
    n_pairs = 0
    for pairs in _search_blocks(centered, neighbors, tie):
        found.append(pairs)
        n_pairs += len(pairs[0])
        if n_pairs > MAX_PAIRS:
            raise ValueError(
                "features hold so many equal rows that their neighborhoods do not fit "
                "into memory; drop the duplicates"
            )
    rows, columns, distances = (
        np.concatenate(parts) for parts in zip(*found, strict=True)
    )
    order = np.lexsort((columns, distances, rows))
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows))])
    return Neighborhoods(starts, columns[order], distances[order] * scale, tie * scale)


def _search_blocks(
    centered: NDArray[np.float64], neighbors: int, tie: float
) -> Iterator[Pairs]:
    """Yield (rows, columns, distances) until every row has its neighbors."""
    pending = np.arange(len(centered))
    step = max(1, BLOCK_CELLS // len(centered))
    for products in (centered.astype(np.float32), centered):
        unproven = []
        for first in range(0, len(pending), step):
            rows = pending[first : first + step]
            pairs, proven = _search_block(centered, products, rows, neighbors, tie)
            yield pairs
            unproven.append(rows[~proven])
        pending = np.concatenate([*unproven, pending[:0]])
    for row in pending.tolist():
        yield _compare_all(centered, row, neighbors, tie)


def _search_block(
    features: NDArray[np.float64],
    products: Products,
    rows: Index,
    neighbors: int,
    tie: float,
) -> tuple[Pairs, NDArray[np.bool_]]:
    """Return the proven neighbors of some rows, and which rows are proven."""
    count = min(neighbors + MARGIN, len(features))
    proposed, beyond = _propose(products, rows, count)
    distances = _distances(features, rows, proposed)
    reach = np.partition(distances, neighbors - 1, axis=1)[:, neighbors - 1] + tie
    proven = beyond > reach**2 + _rounding(products, rows, reach)
    inside = (distances <= reach[:, None]) & proven[:, None]
    place, slot = np.nonzero(inside)
    return (rows[place], proposed[place, slot], distances[place, slot]), proven


def _propose(
    products: Products, rows: Index, count: int
) -> tuple[Index, NDArray[np.floating]]:
    """Return the `count` nearest, and a squared distance none of the others is below.

    Shapes (rows, count) and (rows,); squared distances from ``|a|^2 + |b|^2 - 2ab``.
    """
    norms = np.einsum("ij,ij->i", products, products)
    squared = products[rows] @ products.T
    squared *= -2
    squared += norms
    squared += norms[rows, None]
    if count == len(products):
        everyone = np.broadcast_to(np.arange(count), squared.shape)
        return everyone, np.full(len(rows), np.inf)
    nearest = np.argpartition(squared, count - 1, axis=1)[:, :count]
    return nearest, np.take_along_axis(squared, nearest, axis=1).max(axis=1)


def _rounding(
    products: Products, rows: Index, reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bound the rounding of a squared distance of at most ``reach ** 2``.

    A dot product of d terms is off by at most d u |a| |b| with u = eps / 2 (Higham
    2002, section 3.1), which a squared distance takes four times; rounded inputs and
    sums add a few u, and a sample within `reach` of a has a norm below |a| + reach.
    """
    precision = np.finfo(products.dtype)
    n_terms = 4 * products.shape[1] + 16
    norms = np.sqrt(np.einsum("ij,ij->i", products[rows], products[rows]))
    relative = float(precision.eps) / 2 * (norms + reach) ** 2
    return n_terms * (relative + float(precision.tiny))


def _distances(
    features: NDArray[np.float64], rows: Index, columns: Index
) -> NDArray[np.float64]:
    """Return the distances of each row to its own columns, in the columns' shape."""
    distances = np.empty(columns.shape)
    step = max(1, CHUNK_CELLS // (columns.shape[1] * features.shape[1]))
    for first in range(0, len(rows), step):
        part = slice(first, first + step)
        gap = features[columns[part]] - features[rows[part], None]
        distances[part] = np.sqrt(np.einsum("ijk,ijk->ij", gap, gap))
    return distances


def _compare_all(
    features: NDArray[np.float64], row: int, neighbors: int, tie: float
) -> Pairs:
    """Return one row's neighbors from its distances to everyone."""
    distances = np.empty(len(features))
    step = max(1, CHUNK_CELLS // features.shape[1])
    for first in range(0, len(features), step):
        gap = features[first : first + step] - features[row]
        distances[first : first + step] = np.sqrt(np.einsum("ij,ij->i", gap, gap))
    reach = np.partition(distances, neighbors - 1)[neighbors - 1] + tie
    columns = np.flatnonzero(distances <= reach)
    return np.full(len(columns), row), columns, distances[columns]

"""Approximate nearest neighbors of a million samples, with faiss.

Chosen by measurement (20 000 x 768 clustered samples, 20 neighbors each, seconds of one
core for 0.98 of them): the graph of faiss 13, its inverted file 15 and growing faster
with n, the graph of usearch 29; pynndescent took 34 to be loaded. The
widths below are larger than that, as a score within 1 % needs more than 0.998 of them;
at n = 100 000 they left it 1.8 % off.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.neighbors.neighborhoods import Neighborhoods
from peftdiff.neighbors.optional import optional_module
from peftdiff.neighbors.pairs import squared_gaps

LINKS = 16  # of each sample in the library's graph, to either side
BUILD_WIDTH = 100  # candidates kept while a sample is linked
SEARCH_WIDTH = 256  # candidates kept while a sample's neighbors are searched
BLOCK = 16_384  # samples looked at once
SAFE = 1e15  # float32 squares of numbers from 1 / SAFE to SAFE stay finite

Singles = NDArray[np.float32]
Index = NDArray[np.int64]


def approximate_neighbors(
    features: NDArray[np.floating], neighbors: int
) -> Neighborhoods:
    """Find nearly all of each sample's nearest, in time about n log(n) d.

    A hierarchical navigable small-world graph (HNSW; Malkov and Yashunin, 2020). What
    is found is at its distance, computed in float64 from float32 features; but a
    neighbor may be missed, and ties are not kept whole. The graph is built by one
    thread, as it would depend on how several take turns; all of them search.

    Parameters
    ----------
    features : ndarray, shape (n, d)
        float32 features are not copied here, so that they may lie in a file mapped
        into memory; the library holds a copy of its own while it searches.
    neighbors : int
        1 .. n, the sample itself counted.

    Returns
    -------
    Neighborhoods
        Of exactly `neighbors` each.

    Raises
    ------
    ImportError
        When faiss is not installed.
    """
    faiss = optional_module("faiss", "approximate")
    singles, scale = _singles(features)
    n = len(singles)
    found = _search(faiss, singles, neighbors)
    everyone = np.repeat(np.arange(n), neighbors)
    squared = squared_gaps(singles, everyone, found.ravel()).reshape(found.shape)
    order = np.argsort(squared, axis=1, kind="stable")
    distances = np.sqrt(np.take_along_axis(squared, order, axis=1)) * scale
    indices = np.take_along_axis(found, order, axis=1)
    starts = np.arange(0, n * neighbors + 1, neighbors)
    return Neighborhoods(starts, indices.ravel(), distances.ravel(), 0.0)


def _singles(features: NDArray[np.floating]) -> tuple[Singles, float]:
    """Return float32 features of a safe scale, and what they were divided by."""
    largest = max(float(features.max()), -float(features.min()))
    if features.dtype == np.float32 and (1 / SAFE < largest < SAFE or largest == 0):
        return np.asarray(features, dtype=np.float32), 1.0
    scale = float(np.exp2(np.frexp(largest)[1] - 1))
    singles = np.empty(features.shape, dtype=np.float32)
    for rows in _blocks(len(features)):
        singles[rows] = features[rows] / scale
    return singles, scale


def _search(faiss: Any, singles: Singles, neighbors: int) -> Index:
    """Return each sample and `neighbors` - 1 others near it, shape (n, neighbors)."""
    n = len(singles)
    index = _filled_index(faiss, singles)
    # One more than needed, in case the sample itself is not among them.
    count = min(neighbors + 1, n)
    index.hnsw.efSearch = max(SEARCH_WIDTH, 2 * count)
    found = np.empty((n, neighbors), dtype=np.int64)
    lost = []
    for block in _blocks(n):
        rows = np.arange(n)[block]
        squared, nearest = index.search(singles[block], count)
        found[block] = _with_itself(rows, nearest, neighbors)
        # Who does not even find itself, or a duplicate, was looking in a wrong place.
        itself = (nearest == rows[:, None]).any(axis=1) | (squared[:, 0] == 0)
        lost.append(rows[~itself | (found[block] < 0).any(axis=1)])
    for row in np.concatenate(lost)[:, None]:
        _, nearest = faiss.knn(singles[row], singles, count)
        found[row] = _with_itself(row, nearest, neighbors)
    return found


def _filled_index(faiss: Any, singles: Singles) -> Any:
    """Return an index that holds all samples."""
    index = faiss.IndexHNSWFlat(singles.shape[1], LINKS)
    index.hnsw.efConstruction = BUILD_WIDTH
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        index.add(singles)
    finally:
        faiss.omp_set_num_threads(n_threads)
    return index


def _with_itself(rows: Index, nearest: Index, neighbors: int) -> Index:
    """Return each row and its nearest others; -1 where there are too few."""
    others = nearest != rows[:, None]
    # Others first, in their order; the sample itself and what is too much drop out.
    order = np.argsort(~others, axis=1, kind="stable")[:, : neighbors - 1]
    return np.column_stack([rows, np.take_along_axis(nearest, order, axis=1)])


def _blocks(n: int) -> Iterator[slice]:
    for first in range(0, n, BLOCK):
        yield slice(first, first + BLOCK)

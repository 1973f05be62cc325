"""Approximate nearest neighbors of a million samples, with faiss.

Chosen by measurement (20 000 x 768 clustered samples, 20 neighbors each, seconds of one
core for 0.98 of them): the graph of faiss 13, its inverted file 15 and growing faster
with n, the graph of usearch 29; pynndescent took 34 to be loaded. At n = 100 000 a
graph over 8-bit codes took 3/4 of the time of one over float32 for the same neighbors,
when twice as many candidates were compared in float64. Of the neighbors, search widths
of 128, 256 and 512 found 0.982, 0.994 and 0.998; the score is off by three times what
is missed.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.neighbors.neighborhoods import Neighborhoods
from peftdiff.neighbors.optional import optional_module
from peftdiff.neighbors.pairs import squared_gaps
from peftdiff.threads import in_threads

LINKS = 16  # of each sample in the library's graph, to either side
BUILD_WIDTH = 100  # candidates kept while a sample is linked
SEARCH_WIDTH = 512  # candidates kept while a sample's neighbors are searched
CANDIDATES = 2  # compared in float64, for each neighbor wanted
BLOCK = 16_384  # samples searched at once
TOGETHER = 4096  # samples compared with everyone at once
PIECE = 1024  # samples whose candidates one thread compares
SAFE = 1e15  # float32 squares of numbers from 1 / SAFE to SAFE stay finite

Singles = NDArray[np.float32]
Index = NDArray[np.int64]
Floats = NDArray[np.float64]


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
        float32 features are not copied, so that they may lie in a file mapped into
        memory; the library holds a byte for each number while it searches.
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
    found, squared = _search(faiss, singles, neighbors)
    starts = np.arange(0, found.size + 1, neighbors)
    distances = np.sqrt(squared, out=squared) * scale
    return Neighborhoods(starts, found.ravel(), distances.ravel(), 0.0)


def _singles(features: NDArray[np.floating]) -> tuple[Singles, float]:
    """Return float32 features of a safe scale, and what they were divided by."""
    largest = max(float(features.max()), -float(features.min()))
    if features.dtype == np.float32 and (1 / SAFE < largest < SAFE or largest == 0):
        return np.asarray(features, dtype=np.float32), 1.0
    scale = float(np.exp2(np.frexp(largest)[1] - 1))
    singles = np.empty(features.shape, dtype=np.float32)
    for rows in _blocks(len(features), BLOCK):
        singles[rows] = features[rows] / scale
    return singles, scale


def _search(faiss: Any, singles: Singles, neighbors: int) -> tuple[Index, Floats]:
    """Return each sample's neighbors and their squared distances, nearest first."""
    n = len(singles)
    index = _filled_index(faiss, singles)
    # One more than needed, in case the sample itself is not among them.
    count = min(max(CANDIDATES * neighbors, neighbors + 1), n)
    index.hnsw.efSearch = max(SEARCH_WIDTH, 2 * count)
    found = np.empty((n, neighbors), dtype=np.int64)
    squared = np.empty((n, neighbors))
    unseen = []
    for block in _blocks(n, BLOCK):
        rows = np.arange(n)[block]
        _, near = index.search(singles[block], count)
        gaps = _gaps(singles, rows, near)
        # Whom not even its own search finds, no other search does: some 2 % of a
        # million samples, to which the library's graph has lost all links.
        unseen.append(rows[(gaps != 0).all(axis=1) | (near < 0).any(axis=1)])
        found[block], squared[block] = _nearest(rows, near, gaps, neighbors)
    lost = np.concatenate(unseen)
    for block in _blocks(len(lost), TOGETHER):
        rows = lost[block]
        _, near = faiss.knn(singles[rows], singles, count)
        gaps = _gaps(singles, rows, near)
        found[rows], squared[rows] = _nearest(rows, near, gaps, neighbors)
    return found, squared


def _filled_index(faiss: Any, singles: Singles) -> Any:
    """Return an index that holds all samples, a byte for each number."""
    code = faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexHNSWSQ(singles.shape[1], code, LINKS)
    index.hnsw.efConstruction = BUILD_WIDTH
    index.train(singles)
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        index.add(singles)
    finally:
        faiss.omp_set_num_threads(n_threads)
    return index


def _gaps(singles: Singles, rows: Index, near: Index) -> Floats:
    """Return squared distances, shape (m, count); what is no sample (-1) is too far."""

    def measure(part: slice) -> Floats:
        everyone = np.repeat(rows[part], near.shape[1])
        return squared_gaps(singles, everyone, near[part].ravel())

    parts = in_threads(measure, list(_blocks(len(rows), PIECE)))
    gaps = np.concatenate(parts).reshape(near.shape)
    gaps[near < 0] = np.inf
    return gaps


def _nearest(
    rows: Index, near: Index, gaps: Floats, neighbors: int
) -> tuple[Index, Floats]:
    """Return the nearest candidates and their distances, each row itself the first."""
    itself = near == rows[:, None]
    gaps[itself] = np.inf
    others = np.argsort(gaps, axis=1, kind="stable")[:, : neighbors - 1]
    nothing = np.zeros(len(rows))
    return (
        np.column_stack([rows, np.take_along_axis(near, others, axis=1)]),
        np.column_stack([nothing, np.take_along_axis(gaps, others, axis=1)]),
    )


def _blocks(n: int, size: int) -> Iterator[slice]:
    for first in range(0, n, size):
        yield slice(first, first + size)

"""Approximate nearest neighbors of a million samples: an inverted file, with faiss.

Chosen by measurement on a million clustered samples of 768 dimensions, two cores: the
lists below find 0.999 of 20 neighbors (of 400 samples) in 57 CPU minutes. A graph of
faiss (HNSW over 8-bit codes) took 19 minutes to build, by one thread, and 32 to search,
by two; at n = 100 000 it found 0.998, and of a million samples 2 % then had to be
compared with all others, as no search found them. Coarser codes (product quantization,
RaBitQ) are compared in 5 minutes, but lose up to half of the neighbors. pynndescent
took 34 seconds to be loaded, usearch twice as long as the graph of faiss.

Neighbors that are missed lie across the lists' borders, so that classes look more
separate than they are: at n = 100 000, with 0.9984 of the neighbors found, the score is
0.7 % off.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.neighbors.neighborhoods import Neighborhoods
from peftdiff.diffusion.neighbors.optional import optional_module
from peftdiff.diffusion.neighbors.pairs import squared_gaps, stable_order
from peftdiff.threads import in_threads

LIST_SIZE = 500  # samples in a list, on average
PROBES = 0.15  # lists searched for each sample, as a multiple of the root of n
TRAINING = 64  # samples per list from which the lists' centers are found
MARGIN = 12  # candidates beyond the neighbors, compared in float64
BLOCK = 131_072  # samples searched at once
PIECE = 1024  # samples whose candidates one thread compares at a time
SAFE = 1e15  # float32 squares of numbers from 1 / SAFE to SAFE stay finite

Singles = NDArray[np.float32]
Index = NDArray[np.int64]
Floats = NDArray[np.float64]


class Lists(NamedTuple):
    """Samples sorted by the center they are nearest to.

    Attributes
    ----------
    mean : ndarray of float32, shape (d,)
        Subtracted from all samples, as products of centered rows round less.
    centers : ndarray of float32, shape (n_lists, d)
    order : ndarray of int, shape (n,)
        The samples, list after list.
    starts : ndarray of int, shape (n_lists + 1,)
        Where each list starts in `order`.
    """

    mean: Singles
    centers: Singles
    order: Index
    starts: Index


def approximate_neighbors(
    features: NDArray[np.floating], neighbors: int
) -> Neighborhoods:
    """Find nearly all of each sample's nearest, in time about n^1.5 d.

    k-means splits the samples into lists; each sample is compared with the samples of
    those lists whose centers are nearest to it. Distances are exact (computed in
    float64 from float32 features), but a neighbor may be missed, and of samples equally
    far away some may be left out.

    Parameters
    ----------
    features : ndarray, shape (n, d)
        float32 features are not copied, so that they may be mapped from a file.
    neighbors : int
        1 .. n, the sample itself counted.

    Returns
    -------
    Neighborhoods
        Exactly `neighbors` of each sample.

    Raises
    ------
    ImportError
        When faiss is not installed.
    """
    faiss = optional_module("faiss", "approximate")
    singles, scale = _singles(features)
    lists = _split(faiss, singles)
    found = [
        _search(faiss, singles, lists, rows, neighbors)
        for rows in _blocks(len(singles), BLOCK)
    ]
    near, squared = (np.concatenate(parts) for parts in zip(*found, strict=True))
    starts = np.arange(0, near.size + 1, neighbors)
    distances = np.sqrt(squared, out=squared) * scale
    return Neighborhoods(starts, near.ravel(), distances.ravel(), 0.0)


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


def _split(faiss: Any, singles: Singles) -> Lists:
    """Split the samples into lists around the centers that k-means finds."""
    n, d = singles.shape
    mean = singles.mean(axis=0, dtype=np.float64).astype(np.float32)
    n_lists = max(1, n // LIST_SIZE)
    size = min(n, TRAINING * n_lists)
    sampled = np.random.default_rng(0).choice(n, size, replace=False)
    sampled.sort()  # so that a file is read from its start to its end
    training = singles[sampled] - mean
    means = faiss.Kmeans(d, n_lists, seed=0, niter=10, min_points_per_centroid=1)
    means.train(training)
    nearest = [
        faiss.knn(singles[rows] - mean, means.centroids, 1)[1][:, 0]
        for rows in _blocks(n, BLOCK)
    ]
    order, starts = _sorted_by(np.concatenate(nearest), n_lists)
    return Lists(mean=mean, centers=means.centroids, order=order, starts=starts)


def _sorted_by(keys: Index, n_keys: int) -> tuple[Index, Index]:
    """Return the positions of each key, key after key, and where each key's start."""
    counts = np.bincount(keys, minlength=n_keys)
    return stable_order(keys), np.concatenate([[0], np.cumsum(counts)])


def _search(
    faiss: Any, singles: Singles, lists: Lists, rows: slice, neighbors: int
) -> tuple[Index, Floats]:
    """Return some samples' neighbors and their squared distances, nearest first."""
    samples = np.arange(len(singles))[rows]
    queries = singles[rows] - lists.mean
    count = min(neighbors + MARGIN, len(singles))
    near = _candidates(faiss, singles, lists, queries, count)
    # Where many samples are equal, lists may be empty.
    short = np.flatnonzero(np.count_nonzero(near >= 0, axis=1) < neighbors)
    if len(short):
        near[short] = faiss.knn(singles[samples[short]], singles, count)[1]
    return _nearest(samples, near, _gaps(singles, samples, near), neighbors)


def _candidates(
    faiss: Any, singles: Singles, lists: Lists, queries: Singles, count: int
) -> Index:
    """Return each query's nearest samples of the lists it probes, -1 if too few."""
    n_lists = len(lists.centers)
    probes = min(n_lists, int(np.ceil(PROBES * np.sqrt(len(singles)))))
    probed = faiss.knn(queries, lists.centers, probes)[1].ravel()
    positions, starts = _sorted_by(probed, n_lists)
    near = np.full((len(queries), count), -1, dtype=np.int64)
    squared = np.full(near.shape, np.inf, dtype=np.float32)
    for number in np.flatnonzero(np.diff(starts) * np.diff(lists.starts)):
        probing = positions[starts[number] : starts[number + 1]] // probes
        members = lists.order[lists.starts[number] : lists.starts[number + 1]]
        added, which = faiss.knn(
            queries[probing], singles[members] - lists.mean, min(count, len(members))
        )
        closer = added[:, 0] < squared[probing, -1]  # the farthest one so far
        probing, added, which = probing[closer], added[closer], which[closer]
        merged_squared = np.column_stack([squared[probing], added])
        best = np.argpartition(merged_squared, count - 1, axis=1)[:, :count]
        squared[probing] = np.take_along_axis(merged_squared, best, axis=1)
        merged_near = np.column_stack([near[probing], members[which]])
        near[probing] = np.take_along_axis(merged_near, best, axis=1)
    return near


def _gaps(singles: Singles, samples: Index, near: Index) -> Floats:
    """Return squared distances, shape (m, count), infinite where `near` is -1."""

    def measure(rows: slice) -> Floats:
        repeated = np.repeat(samples[rows], near.shape[1])
        return squared_gaps(singles, repeated, near[rows].ravel())

    measured = in_threads(measure, list(_blocks(len(samples), PIECE)))
    gaps = np.concatenate(measured).reshape(near.shape)
    gaps[near < 0] = np.inf
    return gaps


def _nearest(
    samples: Index, near: Index, gaps: Floats, neighbors: int
) -> tuple[Index, Floats]:
    """Return the nearest candidates and their distances, each sample itself first."""
    itself = near == samples[:, None]
    gaps[itself] = np.inf
    others = np.argsort(gaps, axis=1, kind="stable")[:, : neighbors - 1]
    zeros = np.zeros(len(samples))
    return (
        np.column_stack([samples, np.take_along_axis(near, others, axis=1)]),
        np.column_stack([zeros, np.take_along_axis(gaps, others, axis=1)]),
    )


def _blocks(n: int, size: int) -> Iterator[slice]:
    for first in range(0, n, size):
        yield slice(first, min(first + size, n))

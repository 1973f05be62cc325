"""Candidate neighbors from float32 products, each pair of samples multiplied once."""

import itertools
import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.neighbors.pairs import Index
from peftdiff.diffusion.neighbors.rounding import cutoffs
from peftdiff.threads import in_threads

TILE = 768  # rows and columns of a tile: large for the product, small for the cache
MARGIN = 32  # candidates beyond the neighbors; with more, a sample is not settled

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Places = NDArray[np.int32]


class Candidates(NamedTuple):
    """Pairs of samples of which at least one may be the other's neighbor.

    Attributes
    ----------
    first, second : ndarray of int, shape (m,)
        Each pair once, no sample with itself.
    settled : ndarray of bool, shape (n,)
        Whether all of a sample's neighbors are among its pairs.
    """

    first: Index
    second: Index
    settled: NDArray[np.bool_]


class Factors(NamedTuple):
    """Matrices whose product has the squared distances of centered rows a and b.

    Attributes
    ----------
    right : ndarray of float32, shape (n, d + 2)
        (b, 1, |b|^2).
    norms : ndarray of float64, shape (n,)
        |b|.
    """

    right: Singles
    norms: NDArray[np.float64]

    def left(self, rows: slice) -> Singles:
        """Return (-2a, |a|^2, 1), with which `right` makes |a|^2 + |b|^2 - 2ab."""
        factor = -2 * self.right[rows]
        factor[:, -2] = self.right[rows, -1]
        factor[:, -1] = 1
        return factor


def squaring_factors(centered: Floats, order: Index) -> Factors:
    """Return the factors for rows sorted in an order."""
    n, d = centered.shape
    squared_norms = np.einsum("ij,ij->i", centered, centered)[order]
    right = np.empty((n, d + 2), dtype=np.float32)
    for start in range(0, n, TILE):
        rows = slice(start, start + TILE)
        right[rows, :d] = centered[order[rows]]
    right[:, d] = 1
    right[:, d + 1] = squared_norms
    return Factors(right, np.sqrt(squared_norms))


class _Found:
    """Each sample's smallest squared distances so far, and a cutoff for further ones.

    A cutoff that is out of date is still a bound, so that any thread may read one; a
    tile's samples are changed by one thread at a time.
    """

    def __init__(self, factors: Factors, neighbors: int, tie: float) -> None:
        n, n_terms = factors.right.shape
        self.norms, self.n_terms = factors.norms, n_terms
        self.neighbors, self.tie = neighbors, tie
        self.smallest = np.full((n, neighbors + MARGIN), np.inf, dtype=np.float32)
        self.smallest[:, 0] = 0  # the sample itself
        self.cutoff = np.full(n, np.inf, dtype=np.float32)
        self.settled = np.ones(n, dtype=np.bool_)
        self.locks = [threading.Lock() for _ in range(0, n, TILE)]

    def limit(self, samples: slice, kth: Singles) -> None:
        """Set the samples' cutoffs from a k-th smallest squared distance."""
        with self.locks[samples.start // TILE]:
            self._limit(samples, kth)

    def _limit(self, samples: slice, kth: Singles) -> None:
        bound = cutoffs(
            kth, self.norms[samples], self.n_terms, np.float32, self.tie
        ).astype(np.float32)
        bound = np.nextafter(bound, np.float32(np.inf))
        self.cutoff[samples] = np.where(self.settled[samples], bound, -np.inf)

    def add(self, samples: slice, places: Index, squared: Singles) -> None:
        """Add squared distances of samples at sorted `places` within the slice."""
        with self.locks[samples.start // TILE]:
            self._add(samples, places, squared)

    def _add(self, samples: slice, places: Index, squared: Singles) -> None:
        smallest = self.smallest[samples]
        n, width = smallest.shape
        counts = np.bincount(places, minlength=n)
        merged = np.full((n, width + counts.max(initial=0)), np.inf, dtype=np.float32)
        merged[:, :width] = smallest
        slots = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        merged[places, width + slots] = squared
        merged.sort(axis=1)
        self.smallest[samples] = merged[:, :width]
        self._limit(samples, merged[:, self.neighbors - 1])
        # Too many for products of this precision to separate, as in a tight cluster.
        last = merged[:, width - 1]
        crowded = np.isfinite(last) & (last <= self.cutoff[samples])
        self.settled[samples] &= ~crowded
        self.cutoff[samples][crowded] = -np.inf


def propose_pairs(centered: Floats, neighbors: int, tie: float) -> Candidates:
    """Return all pairs of samples of which one may be among the other's nearest.

    The products are taken tile by tile, each serving its rows and its columns. A pair
    is kept if it is no farther apart than the k-th nearest seen so far, up to rounding,
    so that a tile leaves few candidates and none is lost.

    Parameters
    ----------
    centered : ndarray of float64, shape (n, d)
        Features of mean zero, as products of such rows round less; scaled so that no
        square over- or underflows.
    neighbors : int
        Number of neighbors, the sample itself counted.
    tie : float
        Distances that differ by no more than this are equal.
    """
    n = len(centered)
    # In a random order: else the first tile might be one class, far from the rest,
    # whose cutoffs would then stay loose.
    order = np.random.default_rng(0).permutation(n)
    factors = squaring_factors(centered, order)
    found = _Found(factors, neighbors, tie)
    blocks = [slice(start, min(start + TILE, n)) for start in range(0, n, TILE)]

    def propose(tile: tuple[slice, slice]) -> tuple[Places, Places, Singles]:
        rows, columns = tile
        squared = factors.left(rows) @ factors.right[columns].T
        return _tile_pairs(squared, found, rows, columns)

    tiles = list(itertools.combinations_with_replacement(blocks, 2))
    proposed = in_threads(propose, tiles)
    first, second, values = (
        np.concatenate(columns) for columns in zip(*proposed, strict=True)
    )
    kept = (values <= found.cutoff[first]) | (values <= found.cutoff[second])
    settled = np.empty(n, dtype=np.bool_)
    settled[order] = found.settled
    return Candidates(order[first[kept]], order[second[kept]], settled)


def _tile_pairs(
    squared: Singles, found: _Found, rows: slice, columns: slice
) -> tuple[Places, Places, Singles]:
    """Return a tile's candidates, after they have lowered the cutoffs."""
    height, width = squared.shape
    if rows.start == 0 and height >= found.neighbors:
        transposed = np.ascontiguousarray(squared.T)
        nth = found.neighbors - 1
        found.limit(columns, np.partition(transposed, nth, axis=1)[:, nth])
    near = squared <= found.cutoff[rows, None]
    near |= squared <= found.cutoff[columns]
    if rows == columns:
        near &= np.tri(height, dtype=np.bool_).T
        np.fill_diagonal(near, False)
    place, other = np.divmod(np.flatnonzero(near).astype(np.int32), width)
    values = squared[place, other]
    for_row = values <= found.cutoff[rows][place]
    found.add(rows, place[for_row], values[for_row])
    for_column = np.flatnonzero(values <= found.cutoff[columns][other])
    for_column = for_column[np.argsort(other[for_column], kind="stable")]
    found.add(columns, other[for_column], values[for_column])
    place += rows.start
    other += columns.start
    kept = (values <= found.cutoff[place]) | (values <= found.cutoff[other])
    return place[kept], other[kept], values[kept]

"""The neighborhoods that a search returns, and those of fewer neighbors within them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Neighborhoods(NamedTuple):
    """Each sample's nearest samples, nearest first, row after row.

    Sample i's neighbors lie at ``starts[i] : starts[i + 1]``. A neighborhood of k holds
    every sample no farther away than the k-th nearest: with ties at that distance it
    holds more than k, so that the order of the samples does not matter.

    Attributes
    ----------
    starts : ndarray of int64, shape (n + 1,)
    indices : ndarray of int64, shape (m,)
    distances : ndarray of float64, shape (m,)
        Euclidean; the sample itself is at 0.
    tolerance : float
        Distances that differ by no more than this are ties.
    """

    starts: NDArray[np.int64]
    indices: NDArray[np.int64]
    distances: NDArray[np.float64]
    tolerance: float

    @property
    def rows(self) -> NDArray[np.int64]:
        """Return the sample each neighbor belongs to, shape (m,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def radii(self, neighbors: int) -> NDArray[np.float64]:
        """Return each sample's distance to its k-th nearest, itself counted."""
        return self.distances[self.starts[:-1] + neighbors - 1]

    def nearest(self, neighbors: int) -> "Neighborhoods":
        """Return the neighborhoods that a search for fewer neighbors would find."""
        reach = self.radii(neighbors) + self.tolerance
        rows = self.rows
        kept = self.distances <= reach[rows]
        counts = np.bincount(rows[kept], minlength=len(reach))
        starts = np.concatenate([[0], np.cumsum(counts)])
        return Neighborhoods(
            starts, self.indices[kept], self.distances[kept], self.tolerance
        )

"""Nearest-neighbor search: the exact one, and the table optional backends join."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from peftdiff.neighbors.exact import exact_neighbors
from peftdiff.neighbors.neighborhoods import Neighborhoods

__all__ = ["SEARCHES", "Neighborhoods", "find_neighbors"]

Search = Callable[[NDArray[np.float64], int], Neighborhoods]

SEARCHES: dict[str, Search] = {"exact": exact_neighbors}


def find_neighbors(
    features: NDArray[np.float64], neighbors: int, search: str = "exact"
) -> Neighborhoods:
    """Find each sample's nearest samples, itself among them.

    Parameters
    ----------
    features : ndarray of float64, shape (n, d)
        Finite.
    neighbors : int
        How many to find, the sample itself counted; 1 .. n.
    search : str
        A name of ``SEARCHES``.

    Returns
    -------
    Neighborhoods

    Raises
    ------
    ValueError
        For an unknown search, or `neighbors` outside 1 .. n.
    """
    if search not in SEARCHES:
        known = ", ".join(SEARCHES)
        raise ValueError(f"search must be one of {known}; got {search!r}")
    if not 1 <= neighbors <= len(features):
        raise ValueError(
            f"neighbors is {neighbors} but must lie within 1 .. {len(features)}, "
            "the number of samples"
        )
    return SEARCHES[search](features, neighbors)

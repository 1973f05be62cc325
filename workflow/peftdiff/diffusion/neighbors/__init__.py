"""Nearest-neighbor search: the exact one, and a table of it and optional backends."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.neighbors.approximate import approximate_neighbors
from peftdiff.diffusion.neighbors.exact import exact_neighbors
from peftdiff.diffusion.neighbors.neighborhoods import Neighborhoods
from peftdiff.diffusion.neighbors.on_device import torch_neighbors
from peftdiff.diffusion.validity import UndefinedScore

__all__ = ["SEARCHES", "Neighborhoods", "Search", "find_neighbors"]

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Search:
    """One line of the SEARCHES table.

    Attributes
    ----------
    find : callable
        Takes features (n, d) and a number of neighbors, and returns Neighborhoods.
    exact : bool
        Whether it finds all neighbors. Its features are float64 then; for an
        approximate search float32 ones stay float32, which halves the memory.
    """

    find: Callable[[Floats, int], Neighborhoods]
    exact: bool = True


SEARCHES: dict[str, Search] = {
    "exact": Search(exact_neighbors),
    "torch": Search(torch_neighbors),
    "approximate": Search(approximate_neighbors, exact=False),
}


def find_neighbors(
    features: Floats, neighbors: int, search: str = "exact"
) -> Neighborhoods:
    """Find each sample's nearest samples, itself among them.

    Parameters
    ----------
    features : ndarray of float64 or float32, shape (n, d)
        Finite.
    neighbors : int
        Number of neighbors to find, the sample itself counted; 1 .. n.
    search : str
        A name of ``SEARCHES``.

    Returns
    -------
    Neighborhoods

    Raises
    ------
    ValueError
        For an unknown search, or `neighbors` outside 1 .. n.
    ImportError
        For a search whose library is not installed.
    """
    if search not in SEARCHES:
        known = ", ".join(SEARCHES)
        raise ValueError(f"search must be one of {known}; got {search!r}")
    if not 1 <= neighbors <= len(features):
        raise UndefinedScore(
            f"neighbors is {neighbors} but must lie within 1 .. {len(features)}, "
            "the number of samples"
        )
    return SEARCHES[search].find(features, neighbors)

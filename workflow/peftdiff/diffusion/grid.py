"""The class distances of one embedding over a whole grid of settings."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from peftdiff.diffusion.distance import (
    class_statistics,
    time_weights,
    weighted_distances,
)
from peftdiff.diffusion.graph import one_way_kernel, symmetrized
from peftdiff.diffusion.inputs import check_count, check_positive
from peftdiff.diffusion.score import check_options, prepare_samples
from peftdiff.diffusion.spectrum import diffusion_spectrum
from peftdiff.neighbors import find_neighbors


def score_grid(
    features: ArrayLike,
    labels: ArrayLike,
    *,
    diffusion_times: Sequence[float],
    neighbors: Sequence[int],
    components: Sequence[int],
    seed: int = 0,
    normalize: bool = True,
    kernel_width: float | str = 1.0,
    self_loops: bool = True,
    symmetrize: str = "max",
    inter: str = "squared",
    min_class_size: int = 1,
    search: str = "exact",
) -> pd.DataFrame:
    """Give ``diffusion_score``'s distances for every combination of t, k and c.

    The neighbors are searched once, each k's eigenpairs solved once, and each further
    (t, c) costs a weighted sum over per-eigenvector class statistics.

    Parameters
    ----------
    features : array_like, shape (n, d)
    labels : array_like, shape (n,)
    diffusion_times, neighbors, components : sequences
        The values of t, k and c.
    seed, normalize, kernel_width, self_loops, symmetrize, inter, min_class_size, search
        As for ``diffusion_score``.

    Returns
    -------
    DataFrame
        Columns diffusion_time, neighbors, components, intra, inter; one row for each
        combination.

    Raises
    ------
    ValueError
        As ``diffusion_score``, and for an empty axis.

    Warns
    -----
    DisconnectedGraphWarning
        When a graph has more connected components than the most `components`.
    """
    check_options(kernel_width, symmetrize, inter)
    check_count("seed", seed, 0)
    dataset = prepare_samples(features, labels, normalize, min_class_size)
    n = len(dataset.codes)
    _check_axes(diffusion_times, neighbors, components, n)
    neighborhoods = find_neighbors(dataset.features, max(neighbors), search)
    rows = []
    for k in neighbors:
        kernel = one_way_kernel(neighborhoods, k, kernel_width, self_loops)
        spectrum = diffusion_spectrum(
            symmetrized(kernel, symmetrize), max(components), seed
        )
        statistics = class_statistics(
            spectrum.eigenvectors, dataset.codes, dataset.n_classes
        )
        for t in diffusion_times:
            weights = time_weights(spectrum.eigenvalues, t)
            for c in components:
                # The space of eigenvalue 1 is kept whole, however few are asked for.
                used = weights[: max(c, spectrum.connected_components)]
                rows.append((t, k, c, *weighted_distances(statistics, used, inter)))
    names = ["diffusion_time", "neighbors", "components", "intra", "inter"]
    return pd.DataFrame(rows, columns=names)


def _check_axes(
    diffusion_times: Sequence[float],
    neighbors: Sequence[int],
    components: Sequence[int],
    n: int,
) -> None:
    """Raise ValueError unless every value of every axis can be used."""
    axes = {
        "diffusion_times": diffusion_times,
        "neighbors": neighbors,
        "components": components,
    }
    for name, axis in axes.items():
        if np.ndim(axis) != 1 or len(axis) == 0:
            raise ValueError(f"{name} must be a list of at least one value, got {axis}")
    for time in diffusion_times:
        check_positive("diffusion_times", time)
    for k in neighbors:
        check_count("neighbors", k, 2, n)
    for c in components:
        check_count("components", c, 1, n)

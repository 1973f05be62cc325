"""The class distances of one embedding over a whole grid of settings."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from peftdiff.diffusion.distance import (
    class_statistics,
    time_weights,
    weighted_distances,
)
from peftdiff.diffusion.graph import directed_kernel
from peftdiff.diffusion.inputs import Dataset, check_count, check_positive
from peftdiff.diffusion.neighbors import find_neighbors
from peftdiff.diffusion.score import check_options, prepare_samples, solve_kernel
from peftdiff.diffusion.spectrum import Spectrum
from peftdiff.threads import in_threads


def score_grid(
    features: ArrayLike,
    labels: ArrayLike,
    *,
    diffusion_times: Sequence[float],
    neighbors: Sequence[int],
    components: Sequence[int],
    variant: str = "symmetric",
    seed: int = 0,
    normalize: bool = True,
    kernel_width: float | str = 1.0,
    self_loops: bool = True,
    symmetrize: str = "max",
    inter: str = "squared",
    min_class_size: int = 1,
    search: str = "exact",
) -> pd.DataFrame:
    """Return ``diffusion_score``'s distances for every combination of t, k and c.

    The neighbors are searched once, the eigenpairs solved once for each k, and each
    further (t, c) costs a weighted sum over class statistics of the eigenvectors. With
    variant="as_published" each c is solved for separately, as what that solver returns
    depends on c.

    Parameters
    ----------
    features : array_like, shape (n, d)
    labels : array_like, shape (n,)
    diffusion_times, neighbors, components : sequences
        The values of t, k and c.
    variant, seed, normalize, kernel_width, self_loops, symmetrize, inter
    min_class_size, search
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
    inter = check_options(
        variant=variant,
        seed=seed,
        search=search,
        normalize=normalize,
        kernel_width=kernel_width,
        self_loops=self_loops,
        symmetrize=symmetrize,
        inter=inter,
        min_class_size=min_class_size,
    )
    dataset, _ = prepare_samples(
        features, labels, normalize, min_class_size, variant, search
    )
    _check_axes(diffusion_times, neighbors, components, len(dataset.codes))
    neighborhoods = find_neighbors(dataset.features, max(neighbors), search)
    # Values of c that one set of eigenpairs serves.
    served = [[c] for c in components] if variant == "as_published" else [components]

    def rows_of(k: int) -> list[tuple[float, ...]]:
        kernel = directed_kernel(neighborhoods, k, kernel_width, self_loops)
        rows: list[tuple[float, ...]] = []
        for counts in served:
            spectrum = solve_kernel(kernel, max(counts), variant, symmetrize, seed)
            points = _points(spectrum, dataset, diffusion_times, counts, inter)
            rows += [(t, k, c, intra, inter) for t, c, intra, inter in points]
        return rows

    # Eigenproblems side by side: one core each is faster than all cores for each.
    rows = itertools.chain.from_iterable(in_threads(rows_of, neighbors))
    names = ["diffusion_time", "neighbors", "components", "intra", "inter"]
    return pd.DataFrame(rows, columns=names)


def _points(
    spectrum: Spectrum,
    dataset: Dataset,
    diffusion_times: Sequence[float],
    components: Sequence[int],
    inter: str,
) -> Iterator[tuple[float, int, float, float]]:
    """Yield t, c, intra and inter for all t and c that one set of eigenpairs serves."""
    values, vectors, connected_components = spectrum
    statistics = class_statistics(vectors, dataset.codes, dataset.n_classes)
    for t in diffusion_times:
        weights = time_weights(values, t)
        for c in components:
            # All eigenvectors of eigenvalue 1 are kept, however few are asked for.
            used = weights[: max(c, connected_components)]
            intra_distance, inter_distance = weighted_distances(statistics, used, inter)
            yield t, c, intra_distance, inter_distance


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

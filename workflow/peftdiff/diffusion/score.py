"""The PEFTDiff score of one embedding: how loose its classes are, how far apart."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from peftdiff.diffusion import as_published as published
from peftdiff.diffusion.distance import INTER, class_distances
from peftdiff.diffusion.graph import (
    SYMMETRIZE,
    check_kernel_width,
    one_way_kernel,
    symmetrized,
    unit_rows,
)
from peftdiff.diffusion.inputs import (
    Dataset,
    check_choice,
    check_count,
    check_dataset,
    check_positive,
    drop_small_classes,
)
from peftdiff.diffusion.neighbors import SEARCHES, Neighborhoods, find_neighbors
from peftdiff.diffusion.spectrum import Spectrum, diffusion_spectrum

VARIANTS = ("symmetric", "as_published")


class DiffusionScore(NamedTuple):
    """The class distances of one embedding and the diffusion map they come from.

    Attributes
    ----------
    intra : float
        Mean squared diffusion distance to the own class's mean; smaller is tighter.
    inter : float
        Mean squared diffusion distance between class means; larger is farther apart.
    eigenvalues : ndarray, shape (c,)
        Largest first; one 1 for each connected component.
    eigenvectors : ndarray, shape (n, c)
        psi, one row for each sample that `min_class_size` keeps.
    connected_components : int
        Of the neighborhood graph; c is this number where it exceeds `components`.
    """

    intra: float
    inter: float
    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    connected_components: int


class Samples(NamedTuple):
    """The samples of an embedding that count: their class codes and neighbors."""

    codes: NDArray[np.int64]
    neighborhoods: Neighborhoods


def diffusion_score(
    features: ArrayLike,
    labels: ArrayLike,
    *,
    neighbors: int = 20,
    components: int = 32,
    diffusion_time: float = 10,
    variant: str = "symmetric",
    seed: int = 0,
    normalize: bool = True,
    kernel_width: float | str = 1.0,
    self_loops: bool = True,
    symmetrize: str = "max",
    inter: str = "squared",
    min_class_size: int = 1,
    search: str = "exact",
) -> DiffusionScore:
    """Describe an embedding by a diffusion map and measure its classes in it.

    PEFTDiff (ICCV 2025) with the diffusion distance of Coifman and Lafon (2006): a
    Gaussian kernel on the neighborhood graph, the random walk on it, the leading
    eigenpairs, and the distances of ``class_distances``. The result depends on neither
    the number of threads nor the order of the samples (to about 1e-10, unless the last
    eigenvalue kept equals the first left out); of samples equally far away, a
    neighborhood holds all or none.

    Parameters
    ----------
    features : array_like, shape (n, d)
    labels : array_like, shape (n,)
        Class names or whole numbers.
    neighbors : int
        k: how many nearest samples a sample is linked to, itself counted; 2 .. n.
    components : int
        c: how many eigenpairs, those of eigenvalue 1 counted; 1 .. n.
    diffusion_time : float
        t: how many steps the walk takes, above 0.
    variant : {"symmetric", "as_published"}
        "as_published" runs the published code's chain instead: one-way graph, solver
        for symmetric matrices on P, classes of 10 samples or more, at most 10 000
        samples, inter="root"; its result depends on `seed`.
    seed : int
        Of the eigensolver's start vectors.
    normalize : bool
        Scale every row to length 1 first.
    kernel_width : float or {"median", "self_tuning"}
        w of exp(-||.||^2 / (2 w^2)); see ``one_way_kernel``.
    self_loops : bool
        Whether a sample is linked to itself, with weight 1.
    symmetrize : {"max", "mean", "mutual"}
        How one-way links become two-way; see ``symmetrized``.
    inter : {"squared", "root"}
        See ``class_distances``.
    min_class_size : int
        Classes with fewer samples are left out, graph included.
    search : str
        The neighbor search, a name of ``peftdiff.diffusion.neighbors.SEARCHES``:
        "exact"; "torch" finds the same on a GPU; "approximate" is for a million
        samples.

    Returns
    -------
    DiffusionScore

    Raises
    ------
    ValueError
        For bad features or labels (see ``check_dataset``), a row of zeros where rows
        are normalized, more neighbors or components than samples, or an unknown option.
    ImportError
        For a search whose library is not installed.

    Warns
    -----
    DisconnectedGraphWarning
        When the graph has more connected components than `components`.
    """
    check_positive("diffusion_time", diffusion_time)
    inter = check_options(
        variant,
        seed,
        search,
        normalize=normalize,
        kernel_width=kernel_width,
        self_loops=self_loops,
        symmetrize=symmetrize,
        inter=inter,
        min_class_size=min_class_size,
    )
    samples = find_samples(
        features,
        labels,
        neighbors=neighbors,
        variant=variant,
        normalize=normalize,
        min_class_size=min_class_size,
        search=search,
    )
    values, vectors, connected_components = solve_samples(
        samples,
        neighbors=neighbors,
        components=components,
        variant=variant,
        seed=seed,
        kernel_width=kernel_width,
        self_loops=self_loops,
        symmetrize=symmetrize,
    )
    distances = class_distances(values, vectors, samples.codes, diffusion_time, inter)
    return DiffusionScore(*distances, values, vectors, connected_components)


def find_samples(
    features: ArrayLike,
    labels: ArrayLike,
    *,
    neighbors: int,
    variant: str,
    normalize: bool,
    min_class_size: int,
    search: str,
) -> Samples:
    """Take the first step of ``diffusion_score``: samples that count, and neighbors."""
    dataset = prepare_samples(
        features, labels, normalize, min_class_size, variant, search
    )
    check_count("neighbors", neighbors, 2, len(dataset.codes))
    found = find_neighbors(dataset.features, neighbors, search)
    return Samples(dataset.codes, found)


def solve_samples(
    samples: Samples,
    *,
    neighbors: int,
    components: int,
    variant: str,
    seed: int,
    kernel_width: float | str,
    self_loops: bool,
    symmetrize: str,
) -> Spectrum:
    """Take the second step of ``diffusion_score``: the walk's leading eigenpairs."""
    check_count("components", components, 1, len(samples.codes))
    kernel = one_way_kernel(samples.neighborhoods, neighbors, kernel_width, self_loops)
    return solve_kernel(kernel, components, variant, symmetrize, seed)


def check_options(
    variant: str,
    seed: int,
    search: str,
    *,
    kernel_width: float | str,
    symmetrize: str,
    inter: str,
    **others: object,
) -> str:
    """Return the inter distance that the variant takes.

    Raises ValueError for an unknown named choice, before any work is done.
    """
    check_choice("variant", variant, VARIANTS)
    check_count("seed", seed, 0)
    check_kernel_width(kernel_width)
    check_choice("symmetrize", symmetrize, SYMMETRIZE)
    check_choice("inter", inter, INTER)
    check_choice("search", search, SEARCHES)
    if variant != "as_published":
        return inter
    named = {"kernel_width": kernel_width, "symmetrize": symmetrize, "inter": inter}
    published.check_published_options(**named, **others)
    return published.INTER


def prepare_samples(
    features: ArrayLike,
    labels: ArrayLike,
    normalize: bool,
    min_class_size: int,
    variant: str = "symmetric",
    search: str = "exact",
) -> Dataset:
    """Return checked features, of unit rows if asked, of the classes that count.

    An exact search gets float64 features, so that float32 ones give the score of their
    float64 values; an approximate one gets them as they come.
    """
    dataset = check_dataset(features, labels, keep_single=not SEARCHES[search].exact)
    if normalize:
        dataset = dataset._replace(features=unit_rows(dataset.features))
    dataset = drop_small_classes(dataset, min_class_size)
    return (
        published.published_samples(dataset) if variant == "as_published" else dataset
    )


def solve_kernel(
    kernel: sparse.csr_array, components: int, variant: str, symmetrize: str, seed: int
) -> Spectrum:
    """Return a variant's eigenpairs of the walk on a one-way kernel."""
    if variant == "as_published":
        return published.published_spectrum(kernel, components, seed)
    return diffusion_spectrum(symmetrized(kernel, symmetrize), components, seed)

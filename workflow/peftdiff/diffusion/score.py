"""The PEFTDiff score of one embedding: how loose its classes are, how far apart."""

from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from peftdiff.diffusion import as_published as published
from peftdiff.diffusion.distance import INTER, class_distances
from peftdiff.diffusion.graph import (
    KERNEL_WIDTHS,
    SYMMETRIZE,
    check_kernel_width,
    directed_kernel,
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
from peftdiff.parameters import Count, OneOf, Positive, Seed

VARIANTS = ("symmetric", "as_published")


class DiffusionScore(NamedTuple):
    """The class distances of one embedding, and the diffusion map behind them.

    Attributes
    ----------
    intra : float
        Mean squared diffusion distance to the own class's mean; smaller is tighter.
    inter : float
        Mean squared diffusion distance between class means; larger is farther apart.
    eigenvalues : ndarray, shape (c,)
        Largest first; the eigenvalue 1 once for each connected component.
    eigenvectors : ndarray, shape (n, c)
        psi, one row for each sample that `min_class_size` keeps.
    connected_components : int
        Number of connected components of the neighborhood graph; c is this number
        where it exceeds `components`.
    rows : ndarray of int64, shape (n,)
        Which of the given samples are used; `eigenvectors` has a row for each.
    """

    intra: float
    inter: float
    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    connected_components: int
    rows: NDArray[np.int64]


class Samples(NamedTuple):
    """The samples that are used: class codes, neighbors, and which of the given."""

    codes: NDArray[np.int64]
    neighborhoods: Neighborhoods
    rows: NDArray[np.int64]


def diffusion_score(
    features: ArrayLike,
    labels: ArrayLike,
    *,
    neighbors: Annotated[int, Ge(2)] = 20,
    components: Count = 32,
    diffusion_time: Positive = 10,
    variant: Annotated[str, OneOf(VARIANTS)] = "symmetric",
    seed: Seed = 0,
    normalize: bool = True,
    kernel_width: Positive | Annotated[str, OneOf(KERNEL_WIDTHS)] = 1.0,
    self_loops: bool = True,
    symmetrize: Annotated[str, OneOf(SYMMETRIZE)] = "max",
    inter: Annotated[str, OneOf(INTER)] = "squared",
    min_class_size: Count = 1,
    search: Annotated[str, OneOf(SEARCHES)] = "exact",
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
        "as_published" runs the published code's chain instead: a directed graph, a
        solver for symmetric matrices on P, classes of 10 samples or more, at most
        10 000 samples, inter="root"; its result depends on `seed`.
    seed : int
        Seed of the eigensolver's start vectors.
    normalize : bool
        Whether every row is scaled to length 1 first.
    kernel_width : float or {"median", "self_tuning"}
        w of exp(-||.||^2 / (2 w^2)); see ``directed_kernel``.
    self_loops : bool
        Whether a sample is linked to itself, with weight 1.
    symmetrize : {"max", "mean", "mutual"}
        How directed links become undirected; see ``symmetrized``.
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
        For bad features or labels (see ``check_dataset``), or an unknown option.
    UndefinedScore
        For a row of zeros where rows are normalized, more neighbors or components than
        samples, fewer than two classes that are large enough, a sample without a
        neighbor, or options that do not go together.
    ImportError
        For a search whose library is not installed.

    Warns
    -----
    DisconnectedGraphWarning
        When the graph has more connected components than `components`.
    """
    check_positive("diffusion_time", diffusion_time)
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
    within, between = class_distances(
        values, vectors, samples.codes, diffusion_time, inter
    )
    return DiffusionScore(
        intra=within,
        inter=between,
        eigenvalues=values,
        eigenvectors=vectors,
        connected_components=connected_components,
        rows=samples.rows,
    )


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
    """Take the first step of ``diffusion_score``: the samples and their neighbors."""
    dataset, rows = prepare_samples(
        features, labels, normalize, min_class_size, variant, search
    )
    check_count("neighbors", neighbors, 2, len(dataset.codes))
    neighborhoods = find_neighbors(dataset.features, neighbors, search)
    return Samples(dataset.codes, neighborhoods, rows)


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
    kernel = directed_kernel(samples.neighborhoods, neighbors, kernel_width, self_loops)
    return solve_kernel(kernel, components, variant, symmetrize, seed)


def check_options(
    *,
    variant: str,
    seed: int,
    search: str,
    normalize: bool,
    kernel_width: float | str,
    self_loops: bool,
    symmetrize: str,
    inter: str,
    min_class_size: int,
) -> str:
    """Return the kind of inter distance that the variant uses.

    Raises ValueError for an unknown choice, and UndefinedScore for choices that do not
    go together, before any work is done.
    """
    check_choice("variant", variant, VARIANTS)
    check_count("seed", seed, 0)
    check_kernel_width(kernel_width)
    check_choice("symmetrize", symmetrize, SYMMETRIZE)
    check_choice("inter", inter, INTER)
    check_choice("search", search, SEARCHES)
    if variant != "as_published":
        return inter
    published.check_published_options(
        {
            "normalize": normalize,
            "kernel_width": kernel_width,
            "self_loops": self_loops,
            "symmetrize": symmetrize,
            "inter": inter,
            "min_class_size": min_class_size,
        }
    )
    return published.INTER


def prepare_samples(
    features: ArrayLike,
    labels: ArrayLike,
    normalize: bool,
    min_class_size: int,
    variant: str = "symmetric",
    search: str = "exact",
) -> tuple[Dataset, NDArray[np.int64]]:
    """Return checked features, normalized if asked, of the samples that are used.

    Beside them stands which of the given samples these are.

    For an exact search features are float64, so that float32 ones give the score of
    their float64 values; for an approximate one they keep their type.
    """
    dataset = check_dataset(features, labels, keep_single=not SEARCHES[search].exact)
    if normalize:
        dataset = dataset._replace(features=unit_rows(dataset.features))
    # The choice is made among the samples' numbers, so that features are copied once.
    numbers = np.arange(len(dataset.codes), dtype=np.float64)[:, None]
    used = drop_small_classes(dataset._replace(features=numbers), min_class_size)
    if variant == "as_published":
        used = published.published_samples(used)
    rows = used.features[:, 0].astype(np.int64)
    if len(rows) == len(numbers):
        return dataset, rows
    return used._replace(features=dataset.features[rows]), rows


def solve_kernel(
    kernel: sparse.csr_array, components: int, variant: str, symmetrize: str, seed: int
) -> Spectrum:
    """Return a variant's eigenpairs of the random walk on a directed kernel."""
    if variant == "as_published":
        return published.published_spectrum(kernel, components, seed)
    return diffusion_spectrum(symmetrized(kernel, symmetrize), components, seed)

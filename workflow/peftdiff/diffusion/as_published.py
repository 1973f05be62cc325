"""The published code's chain, for comparison: not a diffusion map, nor reproducible.

It gives P, which is not symmetric, to a solver for symmetric matrices. The result
depends on the solver's start vector, which the published code draws anew in each run
and this module from a seed. Sizes, kernel and sampling are those of the public
repository prafful-kumar/PEFT_SELECTION (2025).
"""

from collections.abc import Mapping

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigsh

from peftdiff.diffusion.inputs import Dataset, check_count, drop_small_classes
from peftdiff.diffusion.operator import degree, transition
from peftdiff.diffusion.spectrum import Spectrum
from peftdiff.diffusion.validity import UndefinedScore

MIN_CLASS_SIZE = 10
MAX_SAMPLES = 10_000
SAMPLING_SEED = 42
INTER = "root"


def check_published_options(options: Mapping[str, object]) -> None:
    """Raise UndefinedScore for an option that the published chain does not have.

    Each option may have the default of ``diffusion_score`` or the published value.
    """
    allowed: dict[str, tuple[object, ...]] = {
        "normalize": (True,),
        "kernel_width": (1.0,),
        "self_loops": (True,),
        "symmetrize": ("max",),
        "inter": ("squared", INTER),
        "min_class_size": (1, MIN_CLASS_SIZE),
    }
    for name, value in options.items():
        if value not in allowed[name]:
            raise UndefinedScore(
                f"{name}={value!r} does not go with variant='as_published', which "
                "fixes the kernel, the graph, the class filter and the inter distance"
            )


def published_samples(dataset: Dataset) -> Dataset:
    """Return the samples of large classes, at most 10 000, as published."""
    large = drop_small_classes(dataset, MIN_CLASS_SIZE)
    n = len(large.codes)
    if n <= MAX_SAMPLES:
        return large
    legacy = np.random.RandomState(SAMPLING_SEED)
    sampled = legacy.choice(n, MAX_SAMPLES, replace=False)
    classes, codes = np.unique(large.codes[sampled], return_inverse=True)
    return Dataset(large.features[sampled], codes, len(classes))


def published_spectrum(
    kernel: sparse.csr_array, components: int, seed: int
) -> Spectrum:
    """Return what ``eigsh`` returns for P = D^-1 K of the directed graph.

    Parameters
    ----------
    kernel : csr_array, shape (n, n)
        The directed kernel, see ``directed_kernel``.
    components : int
        Number of Ritz pairs, 1 .. n - 1.
    seed : int
        Seed of the start vector, ``numpy.random.default_rng(seed).uniform(-1, 1, n)``.

    Returns
    -------
    Spectrum
        Ritz values, some above 1, largest first, with their unit Ritz vectors.

    Raises
    ------
    UndefinedScore
        For too many components, or where the solver gives up.
    """
    n = kernel.shape[0]
    check_count("components", components, 1)
    if components >= n:
        raise UndefinedScore(
            f"components is {components} but variant='as_published' finds at most "
            f"{n - 1} of {n} samples"
        )
    walk = transition(kernel, degree(kernel))
    start = np.random.default_rng(seed).uniform(-1, 1, n)
    try:
        values, vectors = eigsh(walk, k=components, which="LM", v0=start)
    except ArpackError as error:
        raise UndefinedScore(
            f"variant='as_published' found no eigenpairs ({error}); try another seed"
        ) from None
    order = np.argsort(-values)
    n_parts, _ = connected_components(walk, directed=True, connection="weak")
    return Spectrum(values[order], vectors[:, order], int(n_parts))

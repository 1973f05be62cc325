"""The published code's chain, kept for comparison: not a diffusion map, not repeatable.

It hands P, which is not symmetric, to a solver for symmetric matrices. What comes back
depends on the solver's start vector, which the published code draws anew in each run
and this module from a seed. Sizes, kernel and sampling are those of the public
repository prafful-kumar/PEFT_SELECTION (2025).
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigsh

from peftdiff.diffusion.inputs import Dataset, check_count, drop_small_classes
from peftdiff.diffusion.operator import degree, transition
from peftdiff.diffusion.spectrum import Spectrum

MIN_CLASS_SIZE = 10
MAX_SAMPLES = 10_000
SAMPLING_SEED = 42
INTER = "root"


def check_published_options(**options: object) -> None:
    """Raise ValueError for an option that the published chain does not have.

    Each option may keep the default of ``diffusion_score`` or name the published value.
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
            raise ValueError(
                f"{name}={value!r} does not go with variant='as_published', which "
                "fixes the kernel, the graph, the class filter and the inter distance"
            )


def published_samples(dataset: Dataset) -> Dataset:
    """Return the samples the published code uses: large classes, at most 10 000."""
    large = drop_small_classes(dataset, MIN_CLASS_SIZE)
    n = len(large.codes)
    if n <= MAX_SAMPLES:
        return large
    legacy = np.random.RandomState(SAMPLING_SEED)
    chosen = legacy.choice(n, MAX_SAMPLES, replace=False)
    classes, codes = np.unique(large.codes[chosen], return_inverse=True)
    return Dataset(large.features[chosen], codes, len(classes))


def published_spectrum(
    kernel: sparse.csr_array, components: int, seed: int
) -> Spectrum:
    """Return what ``eigsh`` makes of P = D^-1 K on the one-way graph.

    Parameters
    ----------
    kernel : csr_array, shape (n, n)
        One-way, see ``one_way_kernel``.
    components : int
        How many Ritz pairs, 1 .. n - 1.
    seed : int
        The start vector is ``numpy.random.default_rng(seed).uniform(-1, 1, n)``.

    Returns
    -------
    Spectrum
        Ritz values, some above 1, largest first, with their unit Ritz vectors.

    Raises
    ------
    ValueError
        For too many components, or where the solver gives up.
    """
    n = kernel.shape[0]
    check_count("components", components, 1)
    if components >= n:
        raise ValueError(
            f"components is {components} but variant='as_published' finds at most "
            f"{n - 1} of {n} samples"
        )
    walk = transition(kernel, degree(kernel))
    start = np.random.default_rng(seed).uniform(-1, 1, n)
    try:
        values, vectors = eigsh(walk, k=components, which="LM", v0=start)
    except ArpackError as error:
        raise ValueError(
            f"variant='as_published' found no eigenpairs ({error}); try another seed"
        ) from None
    order = np.argsort(-values)
    n_parts, _ = connected_components(walk, directed=True, connection="weak")
    return Spectrum(values[order], vectors[:, order], int(n_parts))

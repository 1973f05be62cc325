"""The leading eigenpairs of the random walk, solved one connected component at a time.

The eigenvalue 1 occurs once for each connected component of the graph, and a Lanczos
solver run on the whole graph silently misses some of its copies. Within a component the
eigenvalue 1 is simple and its eigenvector known, so only the others are solved for.
"""

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from peftdiff.diffusion.operator import conjugate, degree, stationary
from peftdiff.threads import Product, one_thread, shared_product

Floats = NDArray[np.float64]

DENSE_SIZE = 300  # up to this many samples, or
DENSE_SHARE = 12  # this many for each eigenpair, the dense solver is the faster one
SHIFT = 3.0  # moves a known eigenvalue from [-1, 1] to below -1
MISSED = 1e-9  # an eigenvalue above the smallest found by more than this was missed
RESOLVED = 0.05  # cubes of eigenvalues below this lie too close together
RESTARTS = 30  # five are common; it takes hundreds where eigenvalues crowd at 1
SHARED = 1_000_000  # numbers in the eigenvectors above which BLAS uses all threads
SMALL = 5000  # up to so many samples the dense solver is as fast as 100s of restarts


class DisconnectedGraphWarning(UserWarning):
    """The graph has more connected components than eigenpairs were asked for."""


class Spectrum(NamedTuple):
    """Leading eigenpairs of P = D^-1 K, largest eigenvalue first.

    Attributes
    ----------
    eigenvalues : ndarray, shape (c,)
        The first are 1, once for each connected component.
    eigenvectors : ndarray, shape (n, c)
        psi = v / sqrt(pi): orthonormal under the weights pi, of fixed signs.
    connected_components : int
    """

    eigenvalues: Floats
    eigenvectors: Floats
    connected_components: int


def diffusion_spectrum(
    kernel: sparse.csr_array, components: int, seed: int = 0
) -> Spectrum:
    """Solve for the leading eigenpairs of the random walk on a symmetric kernel.

    With all n of them, sum_l lambda_l^2t (psi_l(i) - psi_l(j))^2 equals
    sum_u |p_t(i,u) - p_t(j,u)|^2 / pi(u) (Coifman and Lafon, 2006).

    Parameters
    ----------
    kernel : csr_array, shape (n, n)
        Symmetric, without negative weights.
    components : int
        Number of eigenpairs, 1 .. n, those of eigenvalue 1 counted.
    seed : int
        Seed of the solver's start vectors; the result does not depend on it.

    Returns
    -------
    Spectrum
        `components` eigenpairs, or one for each connected component where there are
        more of these.

    Raises
    ------
    UndefinedScore
        For a sample without neighbors.

    Warns
    -----
    DisconnectedGraphWarning
        When there are more connected components than `components`.
    """
    degrees = degree(kernel)
    matrix = conjugate(_without_negligible_edges(kernel, degrees), degrees)
    n_parts, membership = connected_components(matrix, directed=False)
    if n_parts > components:
        warnings.warn(
            f"the neighborhood graph falls into {n_parts} connected components, more "
            f"than components={components}; all {n_parts} are kept: raise neighbors or "
            "components, and look at kernel_width if almost every sample stands alone",
            DisconnectedGraphWarning,
            stacklevel=3,
        )
    vectors, eigenvalues = _leading(matrix, degrees, membership, components, seed)
    # ASSUME: distances between walks are weighted by 1 / pi. The poster omits the
    # weight, without which its two formulas of the distance contradict each other.
    psi = vectors / np.sqrt(stationary(degrees))[:, None]
    # Rounding may lift an eigenvalue that is almost 1 above it.
    return Spectrum(np.minimum(eigenvalues, 1), _fixed_signs(psi), n_parts)


def _leading(
    matrix: sparse.csr_array,
    degrees: Floats,
    membership: NDArray[np.int32],
    components: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """Return the merged eigenvectors v and eigenvalues of all connected components."""
    blocks = list(_component_blocks(matrix, membership))
    wanted = max(components - len(blocks), 0)
    solved = []
    for members, block in blocks:
        constant = np.sqrt(degrees[members])
        constant /= np.linalg.norm(constant)
        count = min(wanted, len(members) - 1)
        values, vectors = _nontrivial_pairs(block, constant, count, seed)
        solved.append((values, np.column_stack([constant, vectors])))
    values = np.concatenate([pairs[0] for pairs in solved])
    owner = np.repeat(np.arange(len(blocks)), [len(pairs[0]) for pairs in solved])
    best = np.argsort(-values, kind="stable")[:wanted]
    merged = np.zeros((len(degrees), len(blocks) + len(best)))
    for number, (members, _) in enumerate(blocks):
        first = np.searchsorted(owner, number)
        slots = np.flatnonzero(owner[best] == number)
        columns = np.concatenate([[0], 1 + best[slots] - first])
        positions = np.concatenate([[number], len(blocks) + slots])
        merged[np.ix_(members, positions)] = solved[number][1][:, columns]
    return merged, np.concatenate([np.ones(len(blocks)), values[best]])


def _component_blocks(
    matrix: sparse.csr_array, membership: NDArray[np.int32]
) -> Iterator[tuple[NDArray[np.int64], sparse.csr_array]]:
    """Yield each connected component's samples and its block of the matrix."""
    order = np.argsort(membership, kind="stable")
    sorted_matrix = matrix[order][:, order]
    ends = np.cumsum(np.bincount(membership))
    for first, end in zip([0, *ends[:-1]], ends, strict=True):
        yield order[first:end], sorted_matrix[first:end, first:end]


def _nontrivial_pairs(
    block: sparse.csr_array, constant: Floats, count: int, seed: int
) -> tuple[Floats, Floats]:
    """Return a connected component's `count` largest eigenpairs below eigenvalue 1."""
    size = len(constant)
    if count == 0:
        return np.empty(0), np.empty((size, 0))
    if size <= max(DENSE_SIZE, DENSE_SHARE * count):
        return _dense_pairs(block, constant, count)
    try:
        return _sparse_pairs(block, constant, count, seed)
    except ArpackError:
        return _dense_pairs(block, constant, count)


def _dense_pairs(
    block: sparse.csr_array, constant: Floats, count: int
) -> tuple[Floats, Floats]:
    deflated = block.toarray() - SHIFT * np.outer(constant, constant)
    size = len(constant)
    leading = (size - count, size - 1)
    try:
        values, vectors = linalg.eigh(deflated, subset_by_index=leading)
    except linalg.LinAlgError:
        # The faster solver fails where most eigenvalues are equal, as of a complete
        # graph.
        values, vectors = linalg.eigh(deflated, driver="evd")
    return values[: -count - 1 : -1], vectors[:, : -count - 1 : -1]


def _sparse_pairs(
    block: sparse.csr_array, constant: Floats, count: int, seed: int
) -> tuple[Floats, Floats]:
    """Solve by Lanczos iteration, then look for copies of eigenvalues it missed."""
    random = np.random.default_rng(seed)
    size = len(constant)
    with shared_product(block) as product, one_thread(size * count <= SHARED):
        # The cube has the same eigenvectors, and its leading eigenvalues lie farther
        # apart: more products but fewer steps, and steps cost more.
        values, vectors = _lanczos(product, constant[:, None], count, random, power=3)
        if values.min() < RESOLVED:
            values, vectors = _lanczos(product, constant[:, None], count, random)
        while True:
            order = np.argsort(-values, kind="stable")[:count]
            values, vectors = values[order], vectors[:, order]
            known = np.column_stack([constant, vectors])
            largest_left, _ = _lanczos(product, known, 1, random, tolerance=1e-4)
            if largest_left[0] <= values[-1] + MISSED:
                return values, vectors
            value, vector = _lanczos(product, known, 1, random)
            values = np.concatenate([values, value])
            vectors = np.column_stack([vectors, vector])


def _lanczos(
    product: Product,
    known: Floats,
    count: int,
    random: np.random.Generator,
    tolerance: float = 0.0,
    power: int = 1,
) -> tuple[Floats, Floats]:
    """Return the `count` largest eigenpairs orthogonal to the known eigenvectors.

    They are found for an odd power of the matrix, which keeps their order.
    """

    def deflated(x: Floats) -> Floats:
        multiplied = x
        for _ in range(power):
            multiplied = product(multiplied)
        return multiplied - SHIFT * (known @ (known.T @ x))

    size = len(known)
    start = random.uniform(-1, 1, size)
    start -= known @ (known.T @ start)
    values, vectors = eigsh(
        LinearOperator((size, size), matvec=deflated, dtype=np.float64),
        k=count,
        which="LA",
        v0=start,
        tol=tolerance,
        maxiter=RESTARTS if size <= SMALL else None,
    )
    if power > 1:
        values = np.einsum("ij,ij->j", vectors, product(vectors))
    return values, vectors


def _without_negligible_edges(
    kernel: sparse.csr_array, degrees: Floats
) -> sparse.csr_array:
    """Return the kernel without edges whose weights vanish in double precision.

    Where the kernel almost underflows, such edges would connect the graph only
    nominally, and its eigenvalues would all round to 1.
    """
    edges = kernel.tocoo()
    rows, columns = edges.coords
    smallest = np.finfo(np.float64).eps * np.minimum(degrees[rows], degrees[columns])
    kept = edges.data > smallest
    return sparse.csr_array(
        (edges.data[kept], (rows[kept], columns[kept])), shape=kernel.shape
    )


def _fixed_signs(vectors: Floats) -> Floats:
    """Return the columns with their largest entry positive."""
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return vectors * signs

"""The random walk on the graph: its degrees, stationary distribution and matrices."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from peftdiff.diffusion.validity import UndefinedScore


def degree(kernel: sparse.csr_array) -> NDArray[np.float64]:
    """Return D_ii = sum_j K_ij, shape (n,).

    Raises
    ------
    UndefinedScore
        Where a sample has no neighbor, so that the walk cannot leave it.
    """
    degrees = np.asarray(kernel.sum(axis=1), dtype=np.float64)
    if not degrees.all():
        row = int(np.argmin(degrees))
        raise UndefinedScore(
            f"sample {row} has no neighbor left in the graph; raise neighbors or "
            "kernel_width, or pass self_loops=True"
        )
    return degrees


def stationary(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return pi = D / sum(D), where the walk is found in the long run, shape (n,)."""
    # Dividing by the largest first keeps tiny degrees from underflowing.
    relative = degrees / degrees.max()
    return relative / relative.sum()


def transition(
    kernel: sparse.csr_array, degrees: NDArray[np.float64]
) -> sparse.csr_array:
    """Return P = D^-1 K, whose rows sum to one."""
    return sparse.csr_array(sparse.diags_array(1 / degrees) @ kernel)


def conjugate(
    kernel: sparse.csr_array, degrees: NDArray[np.float64]
) -> sparse.csr_array:
    """Return A = D^-1/2 K D^-1/2, which is symmetric and has P's eigenvalues.

    If A v = lambda v, then psi = v / sqrt(pi) is P's right eigenvector (Coifman and
    Lafon, 2006).
    """
    edges = kernel.tocoo()
    rows, columns = edges.coords
    inverse_root = 1 / np.sqrt(degrees)
    # The two factors are multiplied first, so that both directions round alike.
    weights = edges.data * (inverse_root[rows] * inverse_root[columns])
    return sparse.csr_array((weights, (rows, columns)), shape=kernel.shape)

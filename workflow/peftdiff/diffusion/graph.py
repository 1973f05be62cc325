"""The neighborhood graph: a Gaussian kernel on each sample's nearest samples."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from peftdiff.diffusion.inputs import Features, check_choice, check_positive, row_blocks
from peftdiff.diffusion.neighbors import Neighborhoods
from peftdiff.diffusion.validity import UndefinedScore

KERNEL_WIDTHS = ("median", "self_tuning")
SYMMETRIZE = ("max", "mean", "mutual")


def unit_rows(features: Features) -> Features:
    """Return the rows scaled to Euclidean length 1, in a new array of their type.

    Raises
    ------
    UndefinedScore
        For a row of zeros, which has no direction.
    """
    units = np.empty_like(features)
    for rows in row_blocks(features):
        block = features[rows].astype(np.float64)
        # Dividing by the largest entry keeps the squares from over- or underflowing.
        largest = np.maximum(block.max(axis=1), -block.min(axis=1))
        if not largest.all():
            row = rows.start + int(np.argmin(largest))
            raise UndefinedScore(
                f"features are all zero at row {row}, which cannot be normalized; "
                "drop that image or pass normalize=False"
            )
        block /= largest[:, None]
        block /= np.sqrt(np.einsum("ij,ij->i", block, block))[:, None]
        units[rows] = block
    return units


def directed_kernel(
    neighborhoods: Neighborhoods,
    neighbors: int,
    kernel_width: float | str = 1.0,
    self_loops: bool = True,
) -> sparse.csr_array:
    """Return k(z_i, z_j) = exp(-||z_i - z_j||^2 / (2 w^2)) for j among i's neighbors.

    Parameters
    ----------
    neighborhoods : Neighborhoods
        At least `neighbors` neighbors of each sample.
    neighbors : int
        Number of neighbors used, the sample itself counted.
    kernel_width : float or {"median", "self_tuning"}
        w itself; "median" takes the median of the samples' distances to their farthest
        neighbor; "self_tuning" sets 2 w^2 of each pair to the product of the two
        samples' such distances (Zelnik-Manor and Perona, 2004).
    self_loops : bool
        Whether a sample is its own neighbor, with weight 1.

    Returns
    -------
    csr_array, shape (n, n)
        Weights that underflow are absent, not stored as zeros.

    Raises
    ------
    ValueError
        For a kernel width that is unknown or not positive.
    UndefinedScore
        For a kernel width that is zero because of duplicates.
    """
    nearest = neighborhoods.nearest(neighbors)
    rows, columns = nearest.rows, nearest.indices
    width = _kernel_width(kernel_width, nearest.radii(neighbors), rows, columns)
    with np.errstate(over="ignore"):  # an infinite exponent is a weight of zero
        weights = np.exp(-0.5 * np.square(nearest.distances / width))
    kept = weights > 0
    if not self_loops:
        kept &= rows != columns
    n = len(nearest.starts) - 1
    return sparse.csr_array((weights[kept], (rows[kept], columns[kept])), shape=(n, n))


def symmetrized(kernel: sparse.csr_array, symmetrize: str = "max") -> sparse.csr_array:
    """Return a symmetric kernel, on which alone the random walk is reversible.

    Parameters
    ----------
    kernel : csr_array, shape (n, n)
        Directed kernel: where both directions of an edge exist, their weights are
        equal.
    symmetrize : {"max", "mean", "mutual"}
        "max" keeps every edge; "mean" keeps it with the mean of its two weights, which
        halves one-way edges; "mutual" keeps an edge only where each end is among the
        other's neighbors.
    """
    check_choice("symmetrize", symmetrize, SYMMETRIZE)
    reverse = kernel.T.tocsr()
    if symmetrize == "max":
        return kernel.maximum(reverse)
    if symmetrize == "mean":
        return (kernel + reverse) / 2
    return kernel.minimum(reverse)


def check_kernel_width(kernel_width: float | str) -> None:
    """Raise ValueError unless the width is a number above 0 or a known rule."""
    if isinstance(kernel_width, str):
        check_choice("kernel_width", kernel_width, KERNEL_WIDTHS)
    else:
        check_positive("kernel_width", kernel_width)


def _kernel_width(
    kernel_width: float | str,
    radii: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return w as a scalar array, or one for each pair."""
    check_kernel_width(kernel_width)
    # ASSUME: the local scale is the distance to the k-th neighbor; the paper takes the
    # seventh, whatever k.
    if kernel_width == "self_tuning":
        roots = np.sqrt(radii)  # whose product neither over- nor underflows
        width = roots[rows] * roots[columns] / np.sqrt(2)
    elif kernel_width == "median":
        width = np.median(radii, keepdims=True)
    else:
        width = np.array([kernel_width], dtype=np.float64)
    if not width.all():
        raise UndefinedScore(
            f"kernel_width={kernel_width!r} is zero: samples have as many duplicates "
            "as neighbors; drop the duplicates or give a number"
        )
    return width

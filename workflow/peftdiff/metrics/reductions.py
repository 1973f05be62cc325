"""What several metrics reduce features and class codes to."""

from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from sklearn.decomposition import PCA

from peftdiff.threads import one_thread

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

SMALL = 1024  # rows of a matrix whose eigenvectors one core finds faster than two
SVD_SOLVERS = ("exact", "randomized")


def one_hot(labels: Codes) -> sparse.csr_array:
    """Return the labels as rows of zeros and ones, shape (n_classes, n)."""
    n = len(labels)
    return sparse.csr_array((np.ones(n), (labels, np.arange(n))))


def class_means(features: Floats, labels: Codes) -> Floats:
    """Return the mean of each class, shape (n_classes, d)."""
    return np.asarray(one_hot(labels) @ features) / np.bincount(labels)[:, None]


def principal_components(centered: Floats, count: int) -> tuple[Floats, Floats]:
    """Project centered features on their leading principal components.

    Parameters
    ----------
    centered : ndarray, shape (n, d)
    count : int
        How many components; min(n, d) of them where there are fewer.

    Returns
    -------
    points : ndarray, shape (n, r)
        The first component first; signs are arbitrary.
    squares : ndarray, shape (r,)
        The squared singular values, n times the variances; rounding may leave one of a
        rank-deficient matrix below zero.
    """
    # X'X and XX' have the same eigenvalues but 0; the smaller one is enough.
    n, d = centered.shape
    tall = n > d
    gram = centered.T @ centered if tall else centered @ centered.T
    leading = (max(len(gram) - count, 0), len(gram) - 1)
    with one_thread() if len(gram) <= SMALL else nullcontext():
        squares, basis = linalg.eigh(gram, subset_by_index=leading)
    squares, basis = squares[::-1], basis[:, ::-1]
    if tall:
        return np.asarray(centered @ basis), squares
    return np.asarray(basis * np.sqrt(np.maximum(squares, 0))), squares


def randomized_components(features: Floats, count: int) -> Floats:
    """Return scikit-learn's randomized projection, shape (n, r), seeded by 0.

    Published code leaves the solver to scikit-learn, which takes this one for many
    samples and dimensions. It depends on the order of the samples.
    """
    count = min(count, *features.shape)
    projection = PCA(count, svd_solver="randomized", random_state=0)
    return np.asarray(projection.fit_transform(features))

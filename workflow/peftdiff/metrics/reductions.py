"""Reductions of features and class codes that several metrics share."""

import math
from contextlib import AbstractContextManager
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.linalg import lapack
from sklearn.decomposition import PCA

from peftdiff.threads import one_thread

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

SMALL = 1024  # up to so many rows, one core finds eigenvectors faster than two
SVD_SOLVERS = ("exact", "randomized")
EPSILON = float(np.finfo(np.float64).eps)
SAME = 4 * EPSILON  # values of a column that differ by less, relatively, are the same


class Embedding:
    """The features of one model, and reductions of them that several metrics share.

    Each reduction is computed when it is first used, and kept.

    Parameters
    ----------
    features : ndarray of float64, shape (n, d)
        Checked; never modified.
    whole : bool
        Find all principal components at once: one decomposition then serves all metrics
        that need some. Otherwise only as many are found as are asked for.
    """

    def __init__(self, features: Floats, whole: bool = False) -> None:
        self.features = features
        self.whole = whole

    @cached_property
    def tall(self) -> bool:
        """Whether X'X is smaller than XX'."""
        n, d = self.features.shape
        return n > d

    @cached_property
    def constant(self) -> bool:
        """Whether all rows are equal, up to their last bit."""
        return not self._varies.any()

    @cached_property
    def one_differs(self) -> bool:
        """Whether all rows but one are equal."""
        return any(
            int((self.features != row).any(axis=1).sum()) == 1
            for row in self.features[:2]  # one of which is not the one that differs
        )

    @cached_property
    def _varies(self) -> NDArray[np.bool_]:
        low, high = self.features.min(axis=0), self.features.max(axis=0)
        # Halves, as the difference of two large numbers may overflow.
        size = np.maximum(np.abs(low), np.abs(high)) / 2
        return np.asarray(high / 2 - low / 2 > SAME * size)

    @cached_property
    def _largest(self) -> float:
        return _largest(self.features)

    @cached_property
    def _centered(self) -> tuple[Floats, int]:
        """Return the centered features, divided by a power of 2, and its exponent.

        Such a division rounds nothing, and no square overflows after it.
        """
        first = math.frexp(self._largest)[1]
        centered = np.ldexp(self.features, -first)
        centered -= centered.mean(axis=0)
        centered -= centered.mean(axis=0)  # what rounding left of a large mean
        centered[:, ~self._varies] = 0  # where the mean has rounded
        second = math.frexp(_largest(centered))[1]
        if second:
            np.ldexp(centered, -second, out=centered)
        return _frozen(centered), first + second

    @property
    def centered(self) -> Floats:
        """X, (n, d): the centered features divided by ``unit``, all below 1."""
        return self._centered[0]

    @property
    def unit(self) -> float:
        """The power of 2 by which the features are divided in `centered`."""
        return math.ldexp(1.0, min(self._centered[1], 1023))

    @cached_property
    def rounding(self) -> float:
        """The largest error of an entry of `centered`, and of a mean of entries."""
        relative = math.ldexp(self._largest, -self._centered[1])
        return EPSILON * (len(self.features) + relative)

    def negligible(self, largest: float) -> float:
        """Return the squared singular value up to which a direction is rounding.

        Parameters
        ----------
        largest : float
            The largest squared singular value of `centered`.
        """
        n, d = self.features.shape
        return max(max(n, d) * EPSILON * largest, n * d * self.rounding**2)

    @cached_property
    def gram(self) -> Floats:
        """X'X, or XX' where that is smaller: both have the same eigenvalues but 0."""
        x = self.centered
        return _frozen(x.T @ x if self.tall else x @ x.T)

    def components(self, count: int | None = None) -> tuple[Floats, Floats]:
        """Return X along its leading principal components, or all of them.

        Parameters
        ----------
        count : int, optional
            Number of components; min(n, d) where there are fewer.

        Returns
        -------
        points : ndarray, shape (n, r)
            The first component first; signs are arbitrary.
        squares : ndarray, shape (r,)
            The squared singular values, n times the variances; rounding may leave one
            of a rank-deficient matrix below zero.
        """
        size = len(self.gram)
        count = size if count is None else min(count, size)
        points, squares = (
            self._all_components
            if self.whole or count == size
            else self._leading(count)
        )
        return points[:, :count], squares[:count]

    @cached_property
    def _all_components(self) -> tuple[Floats, Floats]:
        return self._leading(len(self.gram))

    def _leading(self, count: int) -> tuple[Floats, Floats]:
        size = len(self.gram)
        with blas_for(size):
            if count == size:
                squares, basis = linalg.eigh(self.gram, driver="evd")
            else:
                leading = (size - count, size - 1)
                squares, basis = linalg.eigh(self.gram, subset_by_index=leading)
        squares, basis = squares[::-1], basis[:, ::-1]
        if self.tall:
            points = self.centered @ basis
        else:
            points = basis * np.sqrt(np.maximum(squares, 0))
        return _frozen(points), _frozen(squares)


def _largest(array: Floats) -> float:
    """Return the largest absolute value, without a copy of the array."""
    return max(float(array.max()), -float(array.min()))


def _frozen(array: Floats) -> Floats:
    """Return the array, made read-only."""
    array.flags.writeable = False
    return array


def blas_for(size: int) -> AbstractContextManager[None]:
    """Return the context in which BLAS decomposes `size` rows fastest."""
    return one_thread(size <= SMALL)


def one_hot(labels: Codes) -> sparse.csr_array:
    """Return the labels as rows of zeros and ones, shape (n_classes, n)."""
    n = len(labels)
    return sparse.csr_array((np.ones(n), (labels, np.arange(n))))


def class_means(features: Floats, labels: Codes) -> Floats:
    """Return the mean of each class, shape (n_classes, d)."""
    return np.asarray(one_hot(labels) @ features) / np.bincount(labels)[:, None]


def eigen_coordinates(matrix: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Return a symmetric matrix's eigenvalues, and rows along its eigenvectors.

    Parameters
    ----------
    matrix : ndarray, shape (m, m)
    rows : ndarray, shape (k, m)

    Returns
    -------
    values : ndarray, shape (m,)
        Ascending.
    coordinates : ndarray, shape (k, m)
        R V. With A = Q T Q', T tridiagonal, and T = Z S Z', V = Q Z need not be formed.
    """
    k, m = rows.shape
    if m < 2:
        return matrix[0], rows
    with blas_for(m):
        work = int(lapack.dsytrd_lwork(m, lower=1)[0])
        # A symmetric matrix's transpose is the same, in the order LAPACK wants.
        reduced, diagonal, beside, scales, _ = lapack.dsytrd(matrix.T, 1, lwork=work)
        values, axes = linalg.eigh_tridiagonal(diagonal, beside, check_finite=False)
        # Q leaves the first entry as it is; for the others LAPACK stores it as a QR's.
        rotated = rows.T.copy(order="F")
        rotated[1:] = lapack.dormqr(
            "L", "T", reduced[1:, :-1], scales, rotated[1:], lwork=64 * k
        )[0]
        return np.asarray(values, dtype=np.float64), rotated.T @ axes


def randomized_components(features: Floats, count: int) -> Floats:
    """Return scikit-learn's randomized projection, shape (n, r), seeded by 0.

    Published code leaves the choice of the solver to scikit-learn, which takes this one
    for many samples and dimensions. It depends on the order of the samples.
    """
    count = min(count, *features.shape)
    projection = PCA(count, svd_solver="randomized", random_state=0)
    with np.errstate(invalid="ignore"):  # shares of a variance of zero
        return np.asarray(projection.fit_transform(features))

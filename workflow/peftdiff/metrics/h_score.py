"""H-score (Bao et al., ICIP 2019): how much of the variance is between classes.

H = tr(S^+ cov(E[f|y])) = sum_c (n_c / n) (mu_c - mu)' S^+ (mu_c - mu), S = cov(f),
which is tr(P Q) of the orthogonal projections P on the centered features' columns and
Q on the centered class indicators: in [0, min(C - 1, rank)], and the same for features
under any invertible linear map. Where P is the whole space, H = C - 1 for any labels.

The regularized form (Ibrahim et al., "Newer is not always better", ECML PKDD 2022) is
(1 - a) tr(S_a^-1 cov(E[f|y])), S_a = (1 - a) S + a tr(S) / d I, with the shrinkage a of
Ledoit and Wolf (Journal of Multivariate Analysis, 2004). Both covariances divide by n;
the Transfer-Learning-Library divides cov(E[f|y]) by n - 1, so that its value is this
one times n / (n - 1). (Without regularization it divides both by n - 1.)
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from peftdiff.metrics.reductions import Embedding, one_hot
from peftdiff.metrics.validity import SaturatedScore

Floats = NDArray[np.float64]

WELL_CONDITIONED = 1e-11  # reciprocal condition number above which Cholesky is used
EPS = float(np.finfo(np.float64).eps)


def score(
    embedding: Embedding, labels: NDArray[np.int64], *, regularized: bool = False
) -> float:
    """Return the H-score of an embedding (n, d) and its class codes (n,).

    Parameters
    ----------
    embedding : Embedding
    labels : ndarray
    regularized : bool
        Shrink the covariance as Ledoit and Wolf do: the safe choice where n is not much
        larger than d. The score is then invariant under rotation and scaling only.

    Returns
    -------
    float
        In [0, C - 1].

    Warns
    -----
    SaturatedScore
        Where any labels with these class sizes get the same value: for n - 1
        independent dimensions (unless regularized), or a covariance shrunk to a
        multiple of I.
    """
    if embedding.constant:
        return 0.0
    centered, gram, primal = embedding.centered, embedding.gram, embedding.tall
    d = centered.shape[1]
    indicators = one_hot(labels)
    if not regularized:
        return _plain(embedding, indicators)
    shrinkage = _ledoit_wolf(gram, centered)
    if shrinkage <= d * EPS:
        return _plain(embedding, indicators)
    if shrinkage == 1:
        _warn("the covariance is shrunk to a multiple of I")
        return 0.0
    return _regularized(gram, indicators, centered, primal, shrinkage)


def _plain(embedding: Embedding, indicators: sparse.csr_array) -> float:
    """Return tr(P Q): the class indicators' shares in the features' column space."""
    centered, gram, primal = embedding.centered, embedding.gram, embedding.tall
    n = len(centered)
    counts = np.asarray(indicators.sum(axis=1))
    sums = np.asarray(indicators @ centered).T if primal else indicators.toarray().T
    factor = _cholesky(gram, embedding) if primal else None
    if factor is not None:
        rank = len(gram)
        shares = linalg.solve_triangular(factor, sums, lower=True)
    else:
        squares, basis = np.linalg.eigh(gram)
        kept = squares > embedding.negligible(squares[-1])
        rank = int(kept.sum())
        shares = basis[:, kept].T @ sums
        if primal:
            shares /= np.sqrt(squares[kept])[:, None]
    if rank == 0:
        _warn("features vary by rounding alone")
    if rank >= n - 1:
        _warn(f"the {n} samples span {rank} dimensions, so that H = C - 1")
    return float(((shares**2).sum(axis=0) / counts).sum())


def _cholesky(gram: Floats, embedding: Embedding) -> Floats | None:
    """Return the lower factor, or None of an ill-conditioned matrix."""
    try:
        factor = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return None
    norm = np.abs(gram).sum(axis=0).max()
    reciprocal, _ = linalg.lapack.dpocon(factor, norm, uplo="L")
    least = max(WELL_CONDITIONED * norm, embedding.negligible(norm))
    return np.asarray(factor) if reciprocal * norm > least else None


def _ledoit_wolf(gram: Floats, centered: Floats) -> float:
    """Return the shrinkage a of Ledoit and Wolf (2004, section 3.3), in [0, 1].

    With S = X'X / n, a = min(b, delta) / delta, delta = |S - tr(S) / d I|^2 and
    b = (sum_i |x_i|^4 / n - |S|^2) / n, in the Frobenius norm: X'X or XX' will do.
    """
    n, d = centered.shape
    covariance = gram / n
    scale = np.trace(covariance) / d
    total = float((covariance**2).sum())
    if len(gram) == d:
        covariance.flat[:: d + 1] -= scale
        distance = float((covariance**2).sum())
    else:
        distance = total - d * float(scale) ** 2
    fourth = float(((centered**2).sum(axis=1) ** 2).mean())
    error = min((fourth - total) / n, distance)
    return error / distance if error > 0 else 0.0


def _regularized(
    gram: Floats,
    indicators: sparse.csr_array,
    centered: Floats,
    primal: bool,
    shrinkage: float,
) -> float:
    """Return k sum_c r_c' (k X'X + rho I)^-1 r_c / n_c, r_c the sum of class c's rows.

    Here k = (1 - a) / n and rho = a tr(S) / d. With n < d it is the equal
    k sum_c y_c' XX' (k XX' + rho I)^-1 y_c / n_c of the class indicators y_c.
    """
    n, d = centered.shape
    counts = np.asarray(indicators.sum(axis=1))
    scale = (1 - shrinkage) / n
    shrunk = scale * gram
    shrunk.flat[:: len(gram) + 1] += shrinkage * np.trace(gram) / (n * d)
    right = np.asarray(indicators @ centered).T if primal else indicators.toarray().T
    left = right if primal else gram @ right
    solved = linalg.cho_solve(linalg.cho_factor(shrunk, lower=True), right)
    return scale * float(((left * solved).sum(axis=0) / counts).sum())


def _warn(reason: str) -> None:
    warnings.warn(
        f"the H-score is the same for any labels: {reason}",
        SaturatedScore,
        stacklevel=3,
    )

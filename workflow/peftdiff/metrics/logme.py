"""LogME (You et al., ICML 2021): how well a Bayesian linear model explains the labels.

For each class, y (its one-hot column) = X w + noise with w ~ N(0, I / alpha) and noise
~ N(0, I / beta); the score is the largest log evidence over alpha and beta, divided by
n and averaged over classes. With t = alpha / beta, squared singular values s_i of X and
z = U' y, the best beta is n / q(t), q(t) = |y|^2 - sum_i z_i^2 s_i / (t + s_i). What
remains is a function of t alone:

    2 log evidence = - sum_i log(1 + s_i / t) - n log(2 pi q(t) / n) - n
"""

import math
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from peftdiff.metrics.reductions import (
    EPSILON,
    Embedding,
    blas_for,
    eigen_coordinates,
    one_hot,
)
from peftdiff.metrics.validity import (
    SaturatedScore,
    UndefinedScore,
    warn_if_uninformed,
)

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

PER_DECADE = 4  # grid points of t, close enough to separate the maxima
BEYOND = 8  # decades of t searched below the smallest s_i and above the largest
LEAST_GAIN = 1e-8  # in 2 log evidence by a step; the next one would gain far less
MOST_STEPS = 50
WELL_CONDITIONED = 1e-10  # least ratio of the s_i of X'X that keep enough digits
EXACT_FIT = 1e-13  # a residual below this share of |y|^2 is rounding
PUBLISHED_STEPS = 11


class Projection(NamedTuple):
    """One-hot labels seen from the left singular vectors of the features.

    Attributes
    ----------
    squares : ndarray, shape (r,)
        Squared singular values s_i of X, where r is its rank.
    shares : ndarray, shape (n_classes, r)
        z_i^2: how much of |y|^2 lies along each singular vector.
    residual : ndarray, shape (n_classes,)
        |y|^2 - sum_i z_i^2, which no weights can fit.
    """

    squares: Floats
    shares: Floats
    residual: Floats


def score(embedding: Embedding, labels: Codes, *, compat: bool = False) -> float:
    """Return LogME of an embedding (n, d) and its class codes (n,).

    Parameters
    ----------
    embedding : Embedding
    labels : ndarray
    compat : bool
        Return what the authors' code (thuml/LogME) prints by default: at most 11
        fixed-point steps from alpha = beta = 1, an offset of 1e-5, and for n <= d an
        evidence without the part (d - n) / 2 log alpha of its determinant (thuml/LogME,
        issue 23).

    Returns
    -------
    float
        The exact maximum, invariant under scaling the features. It is infinite where a
        class is fitted without error although n exceeds the rank of the features: its
        evidence then has no maximum.

    Raises
    ------
    UndefinedScore
        With `compat`, where the published code divides by zero.

    Warns
    -----
    SaturatedScore
        Where the mean of the features is so much larger than their variation that only
        the mean explains the labels; where so many samples are fitted without error,
        whatever their labels, that the evidence of some class has no maximum.
    """
    features, n = embedding.features, len(labels)
    if compat:
        return _checked_as_published(embedding, labels)
    largest = np.abs(features).max()
    scaled = features / largest if largest > 0 else features
    value = float(_largest_evidence(_project(scaled, labels), n).mean() / n)
    if value == math.inf:
        _warn_of_any_fit(scaled, labels)
    else:
        warn_if_uninformed("logme", value, _without_variation(labels))
    return value


def _without_variation(labels: Codes) -> float:
    """Return the value of constant features, whatever these are but zero."""
    n, counts = len(labels), np.bincount(labels)
    shares = (counts**2 / n)[:, None]
    projection = Projection(np.ones(1), shares, counts - shares[:, 0])
    return float(_largest_evidence(projection, n).mean() / n)


def _warn_of_any_fit(features: Floats, labels: Codes) -> None:
    """Warn where some class is fitted without error whatever the labels are.

    A sample of leverage 1 is. Where fewer than the number of classes are not, some
    class consists of such samples.
    """
    left, roots, _ = linalg.svd(features, full_matrices=False)
    kept = roots > max(features.shape) * EPSILON * roots[0]
    leverages = (left[:, kept] ** 2).sum(axis=1)
    if (leverages < 1 - EXACT_FIT).sum() <= labels.max():
        warnings.warn(
            "LogME is infinite for any labels: nearly every sample has a direction of "
            "its own",
            SaturatedScore,
            stacklevel=3,
        )


def _project(features: Floats, labels: Codes) -> Projection:
    """Project the one-hot labels, through the smaller of X'X and XX'.

    Where these lose digits, as where the mean is large, it is through X itself. Left
    out are directions that are rounding.
    """
    tolerance = max(features.shape) * EPSILON
    n, d = features.shape
    counts = np.bincount(labels).astype(np.float64)
    tall = n > d
    gram = features.T @ features if tall else features @ features.T
    indicators = one_hot(labels)
    targets = np.asarray(indicators @ features) if tall else indicators.toarray()
    squares, along = eigen_coordinates(gram, targets)
    if squares[0] > WELL_CONDITIONED * squares[-1]:
        shares = along**2
        if tall:
            shares /= squares
    else:
        squares, shares = _directly(features, indicators, tolerance)
    residual = np.maximum(counts - shares.sum(axis=1), 0)
    residual[residual <= EXACT_FIT * counts] = 0
    if len(squares) == n:
        residual[:] = 0
    return Projection(squares, shares, residual)


def _directly(
    features: Floats, indicators: sparse.csr_array, tolerance: float
) -> tuple[Floats, Floats]:
    """Return s_i, ascending, and z_i^2 by a singular value decomposition of X.

    Left out are singular values of at most `tolerance` times the largest.
    """
    with blas_for(min(features.shape)):
        left, roots, _ = linalg.svd(features, full_matrices=False)
    kept = roots > tolerance * roots[0]
    left, roots = left[:, kept][:, ::-1], roots[kept][::-1]
    return roots**2, np.asarray(indicators @ left) ** 2


def _largest_evidence(projection: Projection, n: int) -> Floats:
    """Return each class's largest log evidence, shape (n_classes,).

    The largest value on a grid of log t is refined to where the slope is zero, which is
    the condition of the paper's fixed point.
    """
    squares, shares, residual = projection
    best = _limits(projection, n)
    if len(squares) == 0:
        return best
    low = math.log10(squares[0]) - BEYOND
    high = math.log10(squares[-1]) + BEYOND
    grid = np.linspace(low, high, int(PER_DECADE * (high - low)) + 2) * math.log(10)
    ratio = squares / np.exp(grid)[:, None]
    unfitted = residual[:, None] + shares @ (1 / (1 + ratio)).T
    on_grid = _log_evidence(np.log1p(ratio).sum(axis=1), unfitted, n)
    largest = on_grid.argmax(axis=1)
    # At an end of the grid the evidence rises towards a limit, and has no maximum.
    inside = ((largest > 0) & (largest < len(grid) - 1)).astype(int)
    log_t = _maximizers(projection, n, grid[largest - inside], grid[largest + inside])
    ratio = squares / np.exp(log_t)[:, None]
    unfitted = residual + (shares / (1 + ratio)).sum(axis=1)
    return np.maximum(best, _log_evidence(np.log1p(ratio).sum(axis=1), unfitted, n))


def _log_evidence(complexity: Floats, unfitted: Floats, n: int) -> Floats:
    """Return the log evidence for sum_i log(1 + s_i / t) and q(t)."""
    return -0.5 * (complexity + n * (np.log(2 * np.pi * unfitted / n) + 1))


def _limits(projection: Projection, n: int) -> Floats:
    """Return the larger limit of each class's log evidence, for t to 0 or infinity."""
    squares, shares, residual = projection
    unused = _log_evidence(np.zeros(1), residual + shares.sum(axis=1), n)
    if len(squares) == n:  # Every sample is fitted, at a finite evidence.
        ratio = (shares / squares).sum(axis=1)
        return np.maximum(unused, _log_evidence(np.log(squares).sum(), ratio, n))
    return np.where(residual == 0, np.inf, unused)


def _maximizers(projection: Projection, n: int, low: Floats, high: Floats) -> Floats:
    """Return the log t of each class where the evidence's slope is zero.

    Newton's method finds it in a few steps; where a step would leave the bounds, which
    narrow with every step, it goes to their middle instead.
    """
    log_t = (low + high) / 2
    for _ in range(MOST_STEPS):
        slope, curvature = _derivatives(projection, n, log_t)
        low, high = np.where(slope > 0, (log_t, high), (low, log_t))
        concave = curvature < 0
        newton = log_t - slope / np.where(concave, curvature, 1)
        within = concave & (low <= newton) & (newton <= high)
        step = np.where(within, newton, (low + high) / 2) - log_t
        log_t = log_t + step
        if np.abs(slope * step).max() <= LEAST_GAIN:
            break
    return log_t


def _derivatives(
    projection: Projection, n: int, log_t: Floats
) -> tuple[Floats, Floats]:
    """Return the first two derivatives of each class's 2 log evidence in log t."""
    squares, shares, residual = projection
    left = 1 / (1 + squares / np.exp(log_t)[:, None])
    fitted = 1 - left
    unfitted = shares * left  # summands of q, and below of its derivatives
    q = residual + unfitted.sum(axis=1)
    unfitted *= fitted
    first = unfitted.sum(axis=1) / q
    second = np.einsum("cr,cr->c", unfitted, fitted - left) / q
    slope = fitted.sum(axis=1) - n * first
    curvature = n * (first**2 - second) - np.einsum("cr,cr->c", fitted, left)
    return slope, curvature


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def _published(features: Floats, labels: Codes) -> float:
    """Return the published code's value, faults included."""
    n, d = features.shape
    projection = _project_published(features, labels)
    squares, shares = projection.squares, projection.shares
    alpha = np.ones(len(shares))
    beta, error, size = alpha.copy(), alpha.copy(), alpha.copy()
    iterating = np.ones(len(alpha), dtype=bool)
    for _ in range(PUBLISHED_STEPS):
        t = (alpha / beta)[:, None]
        explained = (squares / (squares + t)).sum(axis=1)
        length = (squares * shares / (squares + t) ** 2).sum(axis=1)
        missed = (shares / (1 + squares / t) ** 2).sum(axis=1) + projection.residual
        size = np.where(iterating, length, size)
        error = np.where(iterating, missed, error)
        alpha = np.where(iterating, explained / (size + 1e-5), alpha)
        beta = np.where(iterating, (n - explained) / (error + 1e-5), beta)
        iterating &= np.abs(alpha / beta - t[:, 0]) > 1e-3 * t[:, 0]
    evidence = d * np.log(alpha) + n * np.log(beta / (2 * np.pi))
    evidence -= np.log(alpha[:, None] + beta[:, None] * squares).sum(axis=1)
    evidence -= beta * error + alpha * size
    return float(evidence.mean() / (2 * n))


def _checked_as_published(embedding: Embedding, labels: Codes) -> float:
    """Return the published code's value, unless it is none; warn if it says nothing."""
    features = embedding.features
    value = _published(features, labels)
    if not math.isfinite(value):
        raise UndefinedScore(
            f"the published code of LogME gives {value} for features of this scale; "
            "scale them to a variance near 1, or leave out compat=True"
        )
    mean = features.mean(axis=0)
    variance = (embedding.centered**2).mean(axis=0).sum()
    # It sees features of more samples than dimensions through X'X, where the squares
    # of what varies may be rounding beside those of the mean.
    least = len(features) * EPSILON * np.sum((mean / embedding.unit) ** 2)
    if embedding.tall and variance <= least:
        warnings.warn(
            "the published code of LogME sees the mean of the features alone, so large "
            "is it: subtract it, or leave out compat=True",
            SaturatedScore,
            stacklevel=3,
        )
    else:
        without = np.broadcast_to(mean, features.shape)
        warn_if_uninformed("logme", value, _published(without, labels))
    return value


def _project_published(features: Floats, labels: Codes) -> Projection:
    """Project as published: all directions for n <= d, else those with s_i > 1e-20."""
    n, d = features.shape
    indicators = np.eye(labels.max() + 1)[labels]
    if n > d:
        _, squares, rows = np.linalg.svd(features.T @ features)
        kept = np.sqrt(squares) > 1e-10
        squares, rows = squares[kept], rows[kept]
        left = features @ rows.T / np.sqrt(squares)
    else:
        left, roots, _ = np.linalg.svd(features, full_matrices=False)
        squares = roots**2
    shares = (indicators.T @ left) ** 2
    return Projection(squares, shares, indicators.sum(axis=0) - shares.sum(axis=1))

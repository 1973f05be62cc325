"""LogME (You et al., ICML 2021): how well a Bayesian linear model explains the labels.

For each class, y (its one-hot column) = X w + noise with w ~ N(0, I / alpha) and noise
~ N(0, I / beta); the score is the largest log evidence over alpha and beta, divided by
n and averaged over classes. With t = alpha / beta, squared singular values s_i of X and
z = U' y, the best beta is n / q(t), q(t) = |y|^2 - sum_i z_i^2 s_i / (t + s_i). What
remains is a function of t alone:

    2 log evidence = - sum_i log(1 + s_i / t) - n log(2 pi q(t) / n) - n
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

from peftdiff.metrics.reductions import Embedding, eigen_coordinates, one_hot

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

PER_DECADE = 4  # grid points of t, close enough to separate the maxima
BEYOND = 8  # decades of t searched below the smallest s_i and above the largest
LOG_T_ERROR = 1e-8  # at the maximum, where the evidence does not feel it
EXACT_FIT = 1e-13  # a residual below this share of |y|^2 is rounding
PUBLISHED_STEPS = 11


class Projection(NamedTuple):
    """One-hot labels seen from the left singular vectors of the features.

    Attributes
    ----------
    squares : ndarray, shape (r,)
        Squared singular values s_i of X, where r is its rank.
    shares : ndarray, shape (r, n_classes)
        z_i^2: how much of |y|^2 lies along each singular vector.
    residual : ndarray, shape (n_classes,)
        |y|^2 - sum_i z_i^2: what no weights can fit.
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
        Return what the published code prints: at most 11 fixed-point steps from alpha =
        beta = 1, an offset of 1e-5, and for n <= d an evidence without the part
        (d - n) / 2 log alpha of its determinant (thuml/LogME, issue 23).

    Returns
    -------
    float
        The exact maximum, the same for features times any constant. Infinite where a
        class is fitted without error although n exceeds the rank of the features: its
        evidence then has no maximum.
    """
    features = embedding.features
    if compat:
        return _published(features, labels)
    largest = np.abs(features).max()
    scaled = features / largest if largest > 0 else features
    tolerance = max(scaled.shape) * float(np.finfo(np.float64).eps)
    projection = _project(scaled, labels, tolerance)
    return float(_largest_evidence(projection, len(labels)).mean() / len(labels))


def _project(features: Floats, labels: Codes, tolerance: float) -> Projection:
    """Project the one-hot labels, through the smaller of X'X and XX'.

    Directions whose s_i is at most `tolerance` times the largest are left out.
    """
    n, d = features.shape
    counts = np.bincount(labels).astype(np.float64)
    tall = n > d
    gram = features.T @ features if tall else features @ features.T
    indicators = one_hot(labels)
    targets = np.asarray(indicators @ features) if tall else indicators.toarray()
    squares, along = eigen_coordinates(gram, targets.T)
    kept = squares > tolerance * squares[-1]
    squares, shares = squares[kept], along[kept] ** 2
    if tall:
        shares /= squares[:, None]
    residual = np.maximum(counts - shares.sum(axis=0), 0)
    residual[residual <= EXACT_FIT * counts] = 0
    if len(squares) == n:
        residual[:] = 0
    return Projection(squares, shares, residual)


def _largest_evidence(projection: Projection, n: int) -> Floats:
    """Return each class's largest log evidence, shape (n_classes,).

    The largest value on a grid of log t is refined to where the slope is zero, which is
    the condition that the fixed point of the paper meets.
    """
    squares, shares, residual = projection
    best = _limits(projection, n)
    if len(squares) == 0:
        return best
    low = math.log10(squares[0]) - BEYOND
    high = math.log10(squares[-1]) + BEYOND
    grid = np.linspace(low, high, int(PER_DECADE * (high - low)) + 2) * math.log(10)
    ratio = squares / np.exp(grid)[:, None]
    complexity = np.log1p(ratio).sum(axis=1, keepdims=True)
    on_grid = _log_evidence(complexity, residual + 1 / (1 + ratio) @ shares, n)
    found = on_grid.argmax(axis=0).clip(1, len(grid) - 2)
    bracket = grid[found - 1], grid[found + 1]
    classes = np.arange(shares.shape[1])

    def slope(log_t: Floats, *which: Codes) -> Floats:
        return _slope(projection, n, log_t, *which)

    top = elementwise.find_root(
        slope,
        bracket,
        args=(classes,),
        tolerances={"xatol": LOG_T_ERROR},
    )
    # Without a change of sign the evidence rises towards one of the limits.
    log_t = np.where(top.success, top.x, grid[found])
    ratio = squares[:, None] / np.exp(log_t)
    unfitted = residual + (shares / (1 + ratio)).sum(axis=0)
    return np.maximum(best, _log_evidence(np.log1p(ratio).sum(axis=0), unfitted, n))


def _log_evidence(complexity: Floats, unfitted: Floats, n: int) -> Floats:
    """Return the log evidence for sum_i log(1 + s_i / t) and q(t)."""
    return -0.5 * (complexity + n * (np.log(2 * np.pi * unfitted / n) + 1))


def _limits(projection: Projection, n: int) -> Floats:
    """Return each class's larger log evidence of the ends, t to 0 and to infinity."""
    squares, shares, residual = projection
    unused = _log_evidence(np.zeros(1), residual + shares.sum(axis=0), n)
    if len(squares) == n:  # Every sample is fitted, at a finite evidence.
        ratio = (shares / squares[:, None]).sum(axis=0)
        return np.maximum(unused, _log_evidence(np.log(squares).sum(), ratio, n))
    return np.where(residual == 0, np.inf, unused)


def _slope(projection: Projection, n: int, log_t: Floats, classes: Codes) -> Floats:
    """Return how fast the log evidence of some classes rises with log t, times q(t)."""
    squares, shares, residual = projection
    share = 1 / (1 + squares[:, None] / np.exp(log_t))
    explained = shares[:, classes] * share
    unfitted = residual[classes] + explained.sum(axis=0)
    lost = (explained * (1 - share)).sum(axis=0)
    return np.asarray((1 - share).sum(axis=0) * unfitted - n * lost)


def _published(features: Floats, labels: Codes) -> float:
    """Return the published code's value, faults included."""
    n, d = features.shape
    projection = _project_published(features, labels)
    squares, shares = projection.squares[:, None], projection.shares
    alpha = np.ones(shares.shape[1])
    beta, error, size = alpha.copy(), alpha.copy(), alpha.copy()
    moving = np.ones(len(alpha), dtype=bool)
    for _ in range(PUBLISHED_STEPS):
        t = alpha / beta
        explained = (squares / (squares + t)).sum(axis=0)
        length = (squares * shares / (squares + t) ** 2).sum(axis=0)
        missed = (shares / (1 + squares / t) ** 2).sum(axis=0) + projection.residual
        size, error = np.where(moving, length, size), np.where(moving, missed, error)
        alpha = np.where(moving, explained / (size + 1e-5), alpha)
        beta = np.where(moving, (n - explained) / (error + 1e-5), beta)
        moving &= np.abs(alpha / beta - t) > 1e-3 * t
    evidence = d * np.log(alpha) + n * np.log(beta / (2 * np.pi))
    evidence -= np.log(alpha + beta * squares).sum(axis=0)
    evidence -= beta * error + alpha * size
    return float(evidence.mean() / (2 * n))


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
    shares = (left.T @ indicators) ** 2
    return Projection(squares, shares, indicators.sum(axis=0) - shares.sum(axis=0))

"""NCTI (Wang et al., ICCV 2023): how close the classes are to neural collapse.

On the first 64 principal components, a linear discriminant is fitted with

    B = (1 - s) S_w + s tr(S_w) / p I,   s = exp(-v)

where S_w is the within-class covariance, p the number of components and v the variance
along the first 32. Where s falls below 1e-10, B = S_w without its null space. From the
centered samples Z along the C - 1 discriminant directions and the posteriors P come

    seli = |Z|_*,   ncc = mean P_iy,   vc = log sum_c |P_c|_*,

with the nuclear norm |.|_* and the posteriors P_c of class c's samples (the authors'
code; their text measures vc on features). Over a pool of methods, the score is
minmax(seli) + minmax(ncc) - minmax(vc).
"""

import math
import warnings
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.special import softmax

from peftdiff.diffusion.inputs import check_choice
from peftdiff.diffusion.pool import EQUAL
from peftdiff.metrics.reductions import (
    SVD_SOLVERS,
    Embedding,
    class_means,
    randomized_components,
)
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore
from peftdiff.parameters import OneOf

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

COMPONENTS = 64
COMPONENTS_OF_SHRINKAGE = 32
LEAST_SHRINKAGE = 1e-10
SMALLEST_SPREAD = 1e-4  # a direction of S_w with less is dropped, relative to columns
CERTAIN = 1e-6  # a posterior closer to 1 than this counts as 1
PARTS = ("seli", "ncc", "vc")


class Discriminant(NamedTuple):
    """A linear discriminant in whitened coordinates x' W, where W' B W = I.

    Attributes
    ----------
    whitening : ndarray, shape (p, q)
        W, where q is p, less the dimension of the null space of S_w if s = 0.
    means : ndarray, shape (n_classes, q)
        The whitened class means.
    directions : ndarray, shape (q, m)
        The m <= C - 1 discriminant directions.
    """

    whitening: Floats
    means: Floats
    directions: Floats


def score(
    embedding: Embedding,
    labels: Codes,
    *,
    svd_solver: Annotated[str, OneOf(SVD_SOLVERS)] = "exact",
) -> dict[str, float]:
    """Return NCTI's parts for an embedding (n, d) and its class codes (n,).

    Parameters
    ----------
    embedding : Embedding
    labels : ndarray
    svd_solver : {"exact", "randomized"}
        How the principal components are computed. The published code leaves this to
        scikit-learn, which approximates them at random for many samples and dimensions:
        "randomized" is that with ``random_state=0``. It depends on the samples' order.

    Returns
    -------
    dict of str to float
        seli, ncc and vc; the first two are better when high, the last when low. Where
        every posterior is 1, ncc is 1 and vc is log sum_c sqrt(n_c) for any features.

    Raises
    ------
    UndefinedScore
        Where no class has any spread, as for constant features or single samples.

    Warns
    -----
    SaturatedScore
        Where every posterior is 1 and samples are so few that any labels may get that.

    Notes
    -----
    Features of a rank below 64 have only that many components: published code fails
    with fewer than 64 samples or dimensions, and else adds components that are
    rounding. s depends on the unit of the features.
    """
    check_choice("svd_solver", svd_solver, SVD_SOLVERS)
    if svd_solver == "randomized":
        projected = randomized_components(embedding.centered, COMPONENTS)
    else:
        projected = _project(embedding)
    variance = _shrinking_variance(projected, embedding.unit)
    discriminant = _fit(projected, labels, variance, embedding.rounding)
    whitened = projected @ discriminant.whitening
    posteriors = _posteriors(whitened, labels, discriminant.means)
    true = posteriors[np.arange(len(labels)), labels]
    _warn_where_saturated(true, projected.shape[1])
    parts = (
        float(np.linalg.norm(whitened @ discriminant.directions, "nuc")),
        float(true.mean()),
        float(np.log(_class_nuclear_norms(posteriors, labels))),
    )
    return dict(zip(PARTS, parts, strict=True))


def combine(
    components: Mapping[str, Mapping[str, float]], backbone: Mapping[str, float]
) -> dict[str, float]:
    """Return minmax(seli) + minmax(ncc) - minmax(vc) over the pool for each method.

    Parameters
    ----------
    components : mapping of method to its parts
    backbone : mapping
        The frozen backbone's parts, which cancel: differences have the same minmax.

    Returns
    -------
    dict of str to float
        Higher is better. In a part that is the same for the whole pool, which is 0 / 0
        in published code, each method gets the middle, 0.5.

    Raises
    ------
    ValueError
        For an empty pool or a part that is not finite.
    """
    if not components:
        raise ValueError("components are empty; a ranking needs at least one method")
    for name, parts in {**components, "the backbone": backbone}.items():
        if not np.isfinite([parts[part] for part in PARTS]).all():
            raise ValueError(f"{name} has a part that is not finite: {dict(parts)}")
    table = np.array([[parts[part] for part in PARTS] for parts in components.values()])
    span = np.ptp(table, axis=0)
    equal = span <= EQUAL * np.abs(table).max(axis=0)
    share = np.where(equal, 0.5, (table - table.min(axis=0)) / np.where(equal, 1, span))
    scores = share @ np.array([1.0, 1.0, -1.0])
    return dict(zip(components, scores.tolist(), strict=True))


def _warn_where_saturated(true: Floats, components: int) -> None:
    """Warn where every posterior is 1, as it may be for any labels."""
    # Most splits of up to 2 (p + 1) points in p dimensions are linear (Cover, 1965).
    if true.min() > 1 - CERTAIN and len(true) <= 2 * (components + 1):
        warnings.warn(
            f"NCTI is saturated: all posteriors are 1 for {len(true)} samples of "
            f"{components} components, as they may be for any labels",
            SaturatedScore,
            stacklevel=3,
        )


def _project(embedding: Embedding) -> Floats:
    """Return the centered features along their principal components, (n, p).

    Directions that are only rounding are left out.
    """
    points, squares = embedding.components(COMPONENTS)
    return points[:, squares > embedding.negligible(squares[0])]


def _shrinking_variance(projected: Floats, unit: float) -> float:
    """Return v, of which s = exp(-v), for features that were divided by `unit`."""
    first = projected[:, :COMPONENTS_OF_SHRINKAGE]
    variance = float(np.sum(first**2)) / (len(projected) - 1)
    # Not unit**2, which raises where this gives infinity or zero.
    return variance * unit * unit


def _fit(
    projected: Floats, labels: Codes, variance: float, rounding: float
) -> Discriminant:
    """Fit the discriminant to features of mean zero, accurate up to `rounding`."""
    n, p = projected.shape
    counts = np.bincount(labels)
    means = class_means(projected, labels)
    residuals = (projected - means[labels]) / np.sqrt(n)
    if np.sum(residuals**2) <= p * rounding**2:
        raise UndefinedScore(
            "features have no spread within any class, and NCTI no discriminant; it "
            "needs classes of several different samples"
        )
    shrinkage = math.exp(-variance)
    if shrinkage <= LEAST_SHRINKAGE:
        shrinkage = 0.0
    whitening, beyond = _whitening(residuals, variance, shrinkage, rounding)
    whitened = means @ whitening
    weighted = np.sqrt(counts / n)[:, None] * whitened
    floor = shrinkage * np.sum(counts / n * np.sum(means**2, axis=1)) / p
    # W'((1 - s) S_b + floor I)W without a multiple of I, and divided by 1 - s: that
    # changes no direction, and would hide all for s near 1.
    values, directions = linalg.eigh(weighted.T @ weighted - floor * np.diag(beyond))
    values, directions = values[::-1], directions[:, ::-1]
    kept = values > SMALLEST_SPREAD**2 * values[0]
    if shrinkage:
        kept[:] = floor > 0
    kept[len(counts) - 1 :] = False
    return Discriminant(whitening, whitened, directions[:, kept])


def _whitening(
    residuals: Floats, variance: float, shrinkage: float, rounding: float
) -> tuple[Floats, Floats]:
    """Return W (p, q) with W'BW = I, where S_w = residuals' residuals.

    With it comes b (q,) of W'W = a I - (1 - s) diag(b), for some number a.
    Without shrinkage, where it is not needed, b is 0.
    """
    if shrinkage:
        squares, rows = _principal_axes(residuals)
        least = shrinkage * squares.sum() / residuals.shape[1]
        shrunk = -math.expm1(-variance) * squares + least
        return rows.T / np.sqrt(shrunk), squares / (shrunk * least)
    # The threshold is for columns of equal spread; only rounding is left.
    spread = np.sqrt(np.sum(residuals**2, axis=0))
    spread[spread <= rounding] = 1
    squares, rows = _principal_axes(residuals / spread)
    kept = squares > SMALLEST_SPREAD**2
    whitening = rows[kept].T / spread[:, None] / np.sqrt(squares[kept])
    return whitening, np.zeros(int(kept.sum()))


def _principal_axes(residuals: Floats) -> tuple[Floats, Floats]:
    """Return the p eigenvalues of residuals' residuals, and eigenvectors in rows."""
    p = residuals.shape[1]
    _, roots, rows = np.linalg.svd(np.linalg.qr(residuals, mode="r"))
    squares = np.zeros(p)
    squares[: len(roots)] = roots**2
    return squares, rows


def _posteriors(whitened: Floats, labels: Codes, means: Floats) -> Floats:
    """Return each sample's posteriors, (n, n_classes), where B is the identity."""
    offsets = np.log(np.bincount(labels) / len(labels)) - np.sum(means**2, axis=1) / 2
    return np.asarray(softmax(whitened @ means.T + offsets, axis=1))


def _class_nuclear_norms(posteriors: Floats, labels: Codes) -> float:
    """Return the sum over classes of the nuclear norm of their samples' posteriors."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    total = 0.0
    for size in np.unique(sizes):  # Classes of one size go together.
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        total += float(np.linalg.svd(posteriors[rows], compute_uv=False).sum())
    return total

"""SFDA (Shao et al., ECCV 2022): how well a regularized discriminant separates classes.

With class means mu_c, shares pi_c and the within-class covariance S_w, a linear
discriminant with the covariance

    B = (1 - lam) S_w + lam tr(S_w) / d I,   lam = max(exp(-5 sigma(S_w)), 1e-10)

gives each sample its posteriors p, the softmax over c of

    x' B^-1 mu_c - mu_c' B^-1 mu_c / 2 + log pi_c.

Each sample then moves towards the mean of the other classes' means by the share 1 - q,
q = softmax(p)_y (ConfMix), the discriminant is refitted with the same lam, and the
score is the mean posterior of the true class, without a logarithm, as the authors'
code does.

Their code takes B^-1 from all eigenvectors of a generalized eigenproblem; a Cholesky
factor gives the same. Of all this only sigma, the largest eigenvalue, depends on the
unit of the features, and nothing on their origin.
"""

import math
import warnings
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray
from scipy import linalg
from scipy.special import softmax

from peftdiff.diffusion.inputs import check_positive
from peftdiff.metrics.reductions import Embedding, class_means
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

LEAST_SHRINKAGE = 1e-10
ROUNDS = 3  # rounds of the power iteration, of two products each
CERTAIN = 1e-6  # a posterior closer to 1 than this counts as 1
EPSILON = float(np.finfo(np.float64).eps)


def score(
    embedding: Embedding,
    labels: Codes,
    *,
    shrinkage: Annotated[float, Ge(LEAST_SHRINKAGE), Le(1)] | None = None,
) -> float:
    """Return SFDA of an embedding (n, d) and its class codes (n,).

    Parameters
    ----------
    embedding : Embedding
    labels : ndarray
    shrinkage : float, optional
        lam, between 1e-10 and 1. By default it is the published one, which depends on
        the unit of the features: large ones leave B almost unregularized.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    UndefinedScore
        Where no class has any spread, as for constant features or classes of one sample
        each.

    Warns
    -----
    SaturatedScore
        Where every posterior is 1 and n <= 2 (d + 1), so that most labels are separable
        (Cover, 1965): for n <= d shuffled labels get the same.
    """
    # Neither the scale nor the origin matters below; both would cost digits.
    centered = embedding.centered
    means, within = _class_statistics(centered, labels)
    _check_spread(within, embedding.rounding)
    if shrinkage is None:
        lam = _published_shrinkage(within, embedding.unit)
    else:
        lam = _check_shrinkage(shrinkage)
    posteriors = _posteriors(centered, labels, means, within, lam)
    mixed = _mix(centered, labels, means, posteriors)
    means, within = _class_statistics(mixed, labels)
    posteriors = _posteriors(mixed, labels, means, within, lam)
    true = posteriors[np.arange(len(labels)), labels]
    n, d = centered.shape
    if true.min() > 1 - CERTAIN and n <= 2 * (d + 1):
        warnings.warn(
            f"SFDA is saturated: all posteriors are 1 for {n} samples of {d} "
            "dimensions, as they may be for any labels",
            SaturatedScore,
            stacklevel=2,
        )
    return float(true.mean())


def _class_statistics(features: Floats, labels: Codes) -> tuple[Floats, Floats]:
    """Return the class means (n_classes, d) and S_w (d, d)."""
    means = class_means(features, labels)
    # Not X'X - sum_c n_c mu_c mu_c', which costs as much and cancels.
    residuals = features - means[labels]
    return means, residuals.T @ residuals / len(labels)


def _check_spread(within: Floats, rounding: float) -> None:
    """Raise UndefinedScore where S_w is zero up to rounding."""
    if np.trace(within) <= len(within) * rounding**2:
        raise UndefinedScore(
            "features have no spread within any class, and SFDA no discriminant; it "
            "needs classes of several different samples"
        )


def _check_shrinkage(shrinkage: float) -> float:
    lam = check_positive("shrinkage", shrinkage)
    if not LEAST_SHRINKAGE <= lam <= 1:
        raise ValueError(
            f"shrinkage must lie between {LEAST_SHRINKAGE} and 1, got {shrinkage!r}"
        )
    return lam


def _published_shrinkage(within: Floats, unit: float) -> float:
    """Return lam for features that were divided by `unit`."""
    # Not unit**2, which raises where this gives infinity or zero.
    exponent = _largest_eigenvalue(within) * unit * unit
    return max(math.exp(-5 * exponent), LEAST_SHRINKAGE)


def _largest_eigenvalue(within: Floats) -> float:
    """Return sigma as published: by a few rounds of power iteration from the row sums.

    With y and x the last two iterates, of unit length, it is x' S_w y. Where the row
    sums vanish, and the published iteration divides zero by zero, the exact eigenvalue
    is returned.
    """
    newer = within.sum(axis=1)
    rounding = len(within) * EPSILON * linalg.norm(within)
    if linalg.norm(newer) <= math.sqrt(len(within)) * rounding:
        top = len(within) - 1
        return float(linalg.eigvalsh(within, subset_by_index=[top, top])[0])
    for _ in range(2 * ROUNDS):
        older, newer = newer, within @ newer
        newer /= linalg.norm(newer)
    return float(newer @ within @ older)


def _posteriors(
    features: Floats, labels: Codes, means: Floats, within: Floats, lam: float
) -> Floats:
    """Return each sample's posteriors under the discriminant, (n, n_classes)."""
    covariance = (1 - lam) * within
    covariance.flat[:: len(within) + 1] += lam * np.trace(within) / len(within)
    factor = linalg.cho_factor(covariance, overwrite_a=True, check_finite=False)
    weights = linalg.cho_solve(factor, means.T, check_finite=False)
    offsets = np.log(np.bincount(labels) / len(labels))
    offsets -= np.einsum("cd,dc->c", means, weights) / 2
    return np.asarray(softmax(features @ weights + offsets, axis=1))


def _mix(features: Floats, labels: Codes, means: Floats, posteriors: Floats) -> Floats:
    """Return q x + (1 - q) (mean of the other classes' means) for each sample x."""
    weights = softmax(posteriors, axis=1)
    own = weights[np.arange(len(labels)), labels][:, None]
    others = (means.sum(axis=0) - means) / (len(means) - 1)
    return np.asarray(own * features + (1 - own) * others[labels])

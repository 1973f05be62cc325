"""GBC (Pándy et al., CVPR 2022): how little the classes overlap as Gaussians.

In the space of the leading principal components each class is a Gaussian N(mu_c, S_c)
with a diagonal or spherical S_c. Two classes have the Bhattacharyya distance

    D(k, l) = 1/8 (mu_k - mu_l)' S^-1 (mu_k - mu_l) + 1/2 log(|S| / sqrt(|S_k| |S_l|)),

S = (S_k + S_l) / 2, and the score is - sum_(k != l) exp(-D(k, l)) over ordered pairs:
0 for classes that are far apart, - C (C - 1) for classes that coincide.
"""

import warnings
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.inputs import check_choice, check_count, check_positive
from peftdiff.metrics.reductions import (
    SVD_SOLVERS,
    Embedding,
    class_means,
    one_hot,
    randomized_components,
)
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore, check_squares
from peftdiff.parameters import Count, OneOf, Positive

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

COVARIANCES = ("diagonal", "spherical")


def score(
    embedding: Embedding,
    labels: Codes,
    *,
    covariance: Annotated[str, OneOf(COVARIANCES)] = "diagonal",
    components: Count = 64,
    svd_solver: Annotated[str, OneOf(SVD_SOLVERS)] = "exact",
    variance_floor: Positive = 1e-4,
    compat: bool = False,
) -> float:
    """Return GBC of an embedding (n, d) and its class codes (n,).

    Parameters
    ----------
    embedding : Embedding
    labels : ndarray
    covariance : {"diagonal", "spherical"}
        One variance for each component, or the mean of these for all components. The
        latter is the default of the authors' code (google-research, stable_transfer),
        the former that of the code published with PEFTDiff.
    components : int
        Principal components kept; all of them where there are fewer.
    svd_solver : {"exact", "randomized"}
        How the principal components are computed. PEFTDiff's code leaves this to
        scikit-learn, which approximates them at random for many samples and dimensions:
        "randomized" is that with ``random_state=0``. It depends on the samples' order.
    variance_floor : float
        The least variance, in squared units of the features, to which smaller ones are
        raised. Only by it does the scale of the features matter.
    compat : bool
        Return what PEFTDiff's code prints: the log term of a spherical covariance
        counts once, as in the authors' code, not once for each component, and a class
        of one sample is N(0, floor).

    Returns
    -------
    float
        In [- C (C - 1), 0]. Variances are unbiased, as in PEFTDiff's code (the
        authors' divide by n_c); a class of one sample, which has none, gets the pooled
        within-class ones, sum_c (n_c - 1) S_c / (n - C).

    Raises
    ------
    ValueError
        For a bad parameter.
    UndefinedScore
        Where every class has one sample only, so that no class has a variance; where
        the features' squares overflow.

    Warns
    -----
    SaturatedScore
        Where no component varies more than `variance_floor`, as for constant features.
    """
    check_choice("covariance", covariance, COVARIANCES)
    check_count("components", components, 1)
    check_choice("svd_solver", svd_solver, SVD_SOLVERS)
    check_positive("variance_floor", variance_floor)
    check_squares(embedding.features)
    if svd_solver == "randomized":
        points = randomized_components(embedding.features, components)
    else:
        points, squares = embedding.components(components)
        # Directions that are rounding have the floor's variance, however low it is.
        known = squares > embedding.negligible(squares[0])
        points = embedding.unit * np.where(known, points, 0)
    if points.var(axis=0).max(initial=0) <= variance_floor:
        warnings.warn(
            f"no principal component varies more than variance_floor={variance_floor}, "
            "which then decides GBC: rescale the features or lower it",
            SaturatedScore,
            stacklevel=2,
        )
    means, variances = _class_moments(points, labels, variance_floor, compat)
    multiplicity = 1
    if covariance == "spherical":
        variances = variances.mean(axis=1, keepdims=True)
        multiplicity = 1 if compat else points.shape[1]
    return -_overlap(means, variances, multiplicity)


def _class_moments(
    points: Floats, labels: Codes, floor: float, compat: bool
) -> tuple[Floats, Floats]:
    """Return each class's means and variances, both of shape (n_classes, r)."""
    n = len(labels)
    counts = np.bincount(labels)[:, None]
    single = counts[:, 0] == 1
    if single.all():
        raise UndefinedScore(
            f"GBC needs variances, but each of the {n} classes has one sample only"
        )
    means = class_means(points, labels)
    squares = np.asarray(one_hot(labels) @ (points - means[labels]) ** 2)
    variances = squares / np.maximum(counts - 1, 1)
    if compat:
        means[single] = 0
    else:
        variances[single] = squares.sum(axis=0) / (n - len(counts))
    return means, np.maximum(variances, floor)


def _overlap(means: Floats, variances: Floats, multiplicity: int) -> float:
    """Return the sum over ordered pairs of classes of exp(-D).

    Parameters
    ----------
    means : ndarray, shape (n_classes, r)
    variances : ndarray, shape (n_classes, r) or (n_classes, 1)
    multiplicity : int
        How often each variance counts in the determinant.
    """
    logs = np.log(variances).sum(axis=1)
    total = 0.0
    for one in range(len(means) - 1):
        others = slice(one + 1, None)
        shared = (variances[one] + variances[others]) / 2
        mean_term = ((means[one] - means[others]) ** 2 / shared).sum(axis=1) / 8
        log_ratio = np.log(shared).sum(axis=1) - (logs[one] + logs[others]) / 2
        total += float(np.exp(-mean_term - multiplicity * log_ratio / 2).sum())
    return 2 * total

"""N/LEEP (Li et al., CVPR 2021): how well clusters of the features tell the classes.

The features are projected on the principal components that keep 80 % of their variance,
and a mixture of K = 5 C normal distributions is fitted there without labels. With r_iz,
the responsibility of component z for sample i,

    P(y | z) = sum_{i: y_i = y} r_iz / sum_i r_iz,   p_i = sum_z P(y_i | z) r_iz

and the score is the mean of log p_i in the paper, and of p_i in the code that SFDA's
authors published and the comparisons since use.

The mixture depends on the random start of its k-means: values of different seeds differ
by several hundredths. ``restart_scores`` shows by how much.
"""

import warnings
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from peftdiff.diffusion.inputs import check_choice, check_count
from peftdiff.metrics.reductions import Embedding, one_hot
from peftdiff.metrics.validity import (
    SaturatedScore,
    UndefinedScore,
    warn_if_uninformed,
)
from peftdiff.parameters import Count, OneOf, Seed

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

VARIANCE_KEPT = 0.8
COMPONENTS_PER_CLASS = 5
SAMPLES_PER_COMPONENT = 5  # the least number, with limit_components
COVARIANCES = ("full", "tied", "diag", "spherical")
CERTAIN = 1e-6  # a p_i closer to 1 than this counts as 1


def score(
    embedding: Embedding,
    labels: Codes,
    *,
    seed: Seed = 0,
    restarts: Count = 1,
    log: bool = False,
    covariance: Annotated[str, OneOf(COVARIANCES)] = "full",
    limit_components: bool = False,
) -> float:
    """Return N/LEEP of an embedding (n, d) and its class codes (n,).

    Parameters
    ----------
    embedding : Embedding
    labels : ndarray
    seed : int
        Seed of the random starts; the order of the samples does not matter.
    restarts : int
        Number of mixtures fitted one after the other; the score is their mean.
    log : bool
        Average log p_i, as in the paper, instead of p_i, as published code does.
    covariance : {"full", "tied", "diag", "spherical"}
        Covariance of the components, see ``sklearn.mixture.GaussianMixture``. The
        published "full" has far more parameters than there are samples; "diag" and
        "spherical" have fewer and take a fraction of the time.
    limit_components : bool
        Take min(5 C, n // 5) components, n the number of different rows, instead of
        5 C, which overfit many classes of few samples.

    Returns
    -------
    float
        Higher is better; p_i lies between 0 and 1. It depends on the unit of the
        features, because 1e-6 is added to every variance.

    Raises
    ------
    UndefinedScore
        Where there are fewer different rows than components, where all are equal, or
        where rounding exceeds the 1e-6.

    Warns
    -----
    ConvergenceWarning
        Once, where mixtures did not converge within scikit-learn's 100 iterations.
    SaturatedScore
        Where every p_i is 1 and there are fewer than two samples per component: with
        one, any labels get that. Also where every p_i is the share of its class: with
        one component, or with features of so small a scale that the 1e-6 is all.
    """
    scores = restart_scores(
        embedding.features,
        labels,
        seed=seed,
        restarts=restarts,
        log=log,
        covariance=covariance,
        limit_components=limit_components,
    )
    value = float(scores.mean())
    shares = np.bincount(labels) / len(labels)
    warn_if_uninformed(
        "N/LEEP", value, float(shares @ (np.log(shares) if log else shares))
    )
    return value


def restart_scores(
    features: Floats,
    labels: Codes,
    *,
    seed: int = 0,
    restarts: int = 1,
    log: bool = False,
    covariance: str = "full",
    limit_components: bool = False,
) -> Floats:
    """Return each restart's N/LEEP, shape (restarts,); parameters as in ``score``.

    The first restarts are the same for any number of them.
    """
    check_count("seed", seed, 0)
    check_count("restarts", restarts, 1)
    check_choice("covariance", covariance, COVARIANCES)
    order = _canonical_order(features)
    features, labels = features[order], labels[order]
    count = _component_count(features, labels, limit_components)
    generator = np.random.RandomState(seed)
    # With one thread, sums are taken in one order: EM amplifies differences in the
    # last bits.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        projected = _project(features)
        mixtures = [
            _fit(projected, count, covariance, generator) for _ in range(restarts)
        ]
        likelihoods = [
            _likelihoods(mixture.predict_proba(projected), labels)
            for mixture in mixtures
        ]
    _warn(mixtures, likelihoods)
    return np.array([np.mean(np.log(p) if log else p) for p in likelihoods])


def _canonical_order(features: Floats) -> NDArray[np.intp]:
    """Return an order of the rows that does not depend on the order they come in."""
    rows = np.ascontiguousarray(features)
    as_bytes = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))
    return np.argsort(as_bytes.ravel(), kind="stable")


def _component_count(features: Floats, labels: Codes, limited: bool) -> int:
    """Return K, for features sorted so that equal rows are adjacent."""
    distinct = 1 + int((features[1:] != features[:-1]).any(axis=1).sum())
    n_classes = int(labels.max()) + 1
    wanted = COMPONENTS_PER_CLASS * n_classes
    if limited:
        wanted = max(1, min(wanted, distinct // SAMPLES_PER_COMPONENT))
    if distinct < max(wanted, 2):
        raise UndefinedScore(
            f"features have {distinct} different rows, but N/LEEP fits {wanted} "
            f"components for {n_classes} classes and needs as many rows, at least two; "
            "take more samples or pass limit_components=True"
        )
    return wanted


def _project(features: Floats) -> Floats:
    """Return the features along the components that hold 80 % of the variance."""
    with np.errstate(over="ignore", invalid="ignore"):
        centered = features - features.mean(axis=0)
        variance = float(np.mean(centered**2))
    if not np.isfinite(variance) or variance == 0:
        raise UndefinedScore(
            f"features have a variance of {variance} in double precision; rescale them"
        )
    tall = len(features) > features.shape[1]
    solver = "covariance_eigh" if tall else "full"
    projection = PCA(VARIANCE_KEPT, svd_solver=solver)
    return np.ascontiguousarray(projection.fit_transform(centered))


def _fit(
    projected: Floats, count: int, covariance: str, generator: np.random.RandomState
) -> GaussianMixture:
    mixture = GaussianMixture(count, covariance_type=covariance, random_state=generator)
    try:
        return mixture.fit(projected)
    except ValueError as error:
        raise UndefinedScore(
            f"features have clusters too thin for their scale, so that the mixture "
            f"cannot be fitted; rescale them or pass covariance='diag' ({error})"
        ) from error


def _likelihoods(responsibilities: Floats, labels: Codes) -> Floats:
    """Return p_i, the probability that sample i's components give to its class.

    It is never zero, as the sample itself is one of its class.
    """
    joint = np.asarray(one_hot(labels) @ responsibilities)
    mass = joint.sum(axis=0)
    given = joint / np.where(mass > 0, mass, 1)
    return np.asarray(np.einsum("iz,iz->i", responsibilities, given[labels]))


def _warn(mixtures: list[GaussianMixture], likelihoods: list[Floats]) -> None:
    """Warn once of mixtures that did not converge, and of a saturated score."""
    not_converged = sum(not mixture.converged_ for mixture in mixtures)
    if not_converged:
        warnings.warn(
            f"N/LEEP: {not_converged} of {len(mixtures)} mixtures did not converge in "
            f"{mixtures[0].max_iter} iterations; their scores are those of the last",
            ConvergenceWarning,
            stacklevel=4,
        )
    n, count = len(likelihoods[0]), mixtures[0].n_components
    if n < 2 * count and min(each.min() for each in likelihoods) > 1 - CERTAIN:
        warnings.warn(
            f"N/LEEP is saturated: each of {count} components holds one class only for "
            f"{n} samples, as it may for any labels",
            SaturatedScore,
            stacklevel=4,
        )

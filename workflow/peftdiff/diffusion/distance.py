"""Diffusion distances within and between classes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial.distance import pdist

from peftdiff.diffusion.inputs import (
    Features,
    check_choice,
    check_dataset,
    check_positive,
)
from peftdiff.diffusion.validity import UndefinedScore

INTER = ("squared", "root")

Floats = NDArray[np.float64]


class ClassStatistics(NamedTuple):
    """What class distances need of a diffusion map, for any time and number c.

    Attributes
    ----------
    means : ndarray, shape (n_classes, c)
        Each class's mean in each eigenvector.
    spread : ndarray, shape (c,)
        Mean over classes of the mean squared deviation from the class's mean.
    """

    means: Floats
    spread: Floats


def class_distances(
    eigenvalues: ArrayLike,
    eigenvectors: ArrayLike,
    labels: ArrayLike,
    diffusion_time: float,
    inter: str = "squared",
) -> tuple[float, float]:
    """Return how loose the classes are, and how far apart.

    With D_t^2(x, y) = sum_l lambda_l^(2t) (psi_l(x) - psi_l(y))^2 and mu_k class k's
    mean, intra = mean_k mean_(i in k) D_t^2(z_i, mu_k) and inter = mean_(k<l)
    D_t^2(mu_k, mu_l) (PEFTDiff, ICCV 2025).

    Parameters
    ----------
    eigenvalues : array_like, shape (c,)
    eigenvectors : array_like, shape (n, c)
        psi_l in the columns.
    labels : array_like, shape (n,)
    diffusion_time : float
        t, above 0.
    inter : {"squared", "root"}
        "root" averages D_t instead of D_t^2, as the published code does.

    Returns
    -------
    intra, inter : float
        A class of one sample adds nothing to intra's sum, but counts in its mean.

    Raises
    ------
    ValueError
        For shapes that do not match, values that are not finite, or one class only.
    """
    map_, codes, n_classes = check_dataset(eigenvectors, labels, "eigenvectors")
    values = np.asarray(eigenvalues, dtype=np.float64)
    if values.shape != (map_.shape[1],):
        raise ValueError(
            f"eigenvalues have the shape {values.shape} but there are {map_.shape[1]} "
            "eigenvectors"
        )
    if not np.isfinite(values).all():
        raise ValueError("eigenvalues contain a value that is not finite")
    statistics = class_statistics(map_, codes, n_classes)
    return weighted_distances(statistics, time_weights(values, diffusion_time), inter)


def time_weights(eigenvalues: Floats, diffusion_time: float) -> Floats:
    """Return lambda_l^(2t), shape (c,); 2t need not be whole, hence |lambda_l|.

    Raises
    ------
    UndefinedScore
        Where one overflows, as of Ritz values above 1 at a large t.
    """
    time = check_positive("diffusion_time", diffusion_time)
    with np.errstate(over="ignore"):
        weights = np.abs(eigenvalues) ** (2 * time)
    if not np.isfinite(weights).all():
        raise UndefinedScore(
            f"the largest eigenvalue, {eigenvalues.max():.3g}, to the power 2 x "
            f"diffusion_time={diffusion_time} is infinite in double precision; lower "
            "diffusion_time"
        )
    return weights


def class_statistics(
    eigenvectors: Features, codes: NDArray[np.int64], n_classes: int
) -> ClassStatistics:
    """Reduce a diffusion map of shape (n, c) to its class means and spreads."""
    n = len(codes)
    counts = np.bincount(codes, minlength=n_classes)
    shares = sparse.csr_array((1 / counts[codes], (codes, np.arange(n))))
    means = np.asarray(shares @ eigenvectors)
    deviations = eigenvectors - means[codes]
    spread = np.asarray(shares @ deviations**2).mean(axis=0)
    return ClassStatistics(means, spread)


def weighted_distances(
    statistics: ClassStatistics, weights: Floats, inter: str = "squared"
) -> tuple[float, float]:
    """Return (intra, inter) under the weights of the first ``len(weights)`` vectors."""
    check_choice("inter", inter, INTER)
    means = statistics.means[:, : len(weights)]
    intra = float(statistics.spread[: len(weights)] @ weights)
    if inter == "root":
        return intra, float(pdist(means * np.sqrt(weights)).mean())
    # sum_(k<l) |m_k - m_l|^2 = C sum_k |m_k - mean|^2: no loop over pairs of classes.
    around = means - means.mean(axis=0)
    return intra, float(2 * (around**2).sum(axis=0) @ weights / (len(means) - 1))

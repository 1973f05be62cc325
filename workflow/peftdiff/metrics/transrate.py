"""TransRate (Huang et al., ICML 2022): the coding rate that the labels save.

With Z the centered features (n, d), Z_c the rows of class c, and the coding rate

    R(A) = 1/2 log det(I + A'A / (m eps))        of the m rows of A, in nats,

the score is R(Z) - sum_c (n_c / n) R(Z_c): a mutual information of features and labels
at the distortion eps. The classes are centered at the common mean, as in the paper.

The value depends on the scale of the features against eps, and with d > n_c on eps
itself: one class's rate then grows by 1/2 n_c log(1 / eps), so that scores of
embeddings with different scales do not compare unless `normalize` is given.

The authors' code (Long-Kai/TransRate) gives this value if told so. By default it scales
the centered rows to length 1 and divides the rates by the rank of Z.
"""

import math
import warnings
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from peftdiff.diffusion.inputs import check_choice, check_positive
from peftdiff.metrics.reductions import EPSILON, Embedding, blas_for
from peftdiff.metrics.validity import NEARLY, SaturatedScore, UndefinedScore
from peftdiff.parameters import OneOf, Positive

Floats = NDArray[np.float64]

WEIGHTINGS = ("class_size", "uniform")
ROUNDINGS = 3  # errors of singular values and sums, in roundings of the largest
ACCURACY = 1e-6  # the largest error, relative to the value or in nats, that is taken


def score(
    embedding: Embedding,
    labels: NDArray[np.int64],
    *,
    eps: Positive = 1e-4,
    weighting: Annotated[str, OneOf(WEIGHTINGS)] = "class_size",
    normalize: bool = False,
) -> float:
    """Return TransRate of an embedding (n, d) and its class codes (n,).

    Parameters
    ----------
    embedding : Embedding
    labels : ndarray
    eps : float
        Distortion, a variance in squared units of the features.
    weighting : {"class_size", "uniform"}
        Weights of the classes' rates: n_c / n as in the paper and the authors' code, or
        1 / C as in the Transfer-Learning-Library.
    normalize : bool
        Divide the features by one number, such that their variance averaged over the
        dimensions is 1; the score is then the same for features times any constant.

    Returns
    -------
    float
        In nats; 0 for features without information.

    Raises
    ------
    ValueError
        For a bad parameter.
    UndefinedScore
        Where rounding of the features would show in the value, as where they span few
        dimensions at a scale far above sqrt(eps).

    Warns
    -----
    SaturatedScore
        Where the value is 0 up to rounding, as for features of a scale far below
        sqrt(eps).
    """
    check_positive("eps", eps)
    check_choice("weighting", weighting, WEIGHTINGS)
    if embedding.constant:
        return 0.0
    centered, unit = embedding.centered, embedding.unit
    if normalize:
        unit = 1 / math.sqrt(float((centered**2).mean()))
    counts = np.bincount(labels)
    by_class = centered[np.argsort(labels, kind="stable")]
    classes = np.split(by_class, np.cumsum(counts)[:-1])
    whole, error = _coding_rate(centered, unit, eps)
    rates, errors = np.transpose([_coding_rate(rows, unit, eps) for rows in classes])
    weights = counts if weighting == "class_size" else None
    value = whole - float(np.average(rates, weights=weights))
    error += float(np.average(errors, weights=weights))
    if error > ACCURACY * max(abs(value), 1):
        raise UndefinedScore(
            f"TransRate is {value:.3g}, but rounding may have moved it by {error:.1g}: "
            "features of this scale span too few dimensions; scale them down, or pass "
            "normalize=True"
        )
    # Of rates far below 1, differences are of their squares' size.
    if abs(value) <= max(error, NEARLY * whole if whole <= ACCURACY else 0):
        warnings.warn(
            f"TransRate is {value:.1g}, which is 0 up to rounding: features of this "
            "scale vary too little against eps, or classes are alike; scale them "
            "up, or pass normalize=True",
            SaturatedScore,
            stacklevel=2,
        )
    return value


def _coding_rate(rows: Floats, unit: float, eps: float) -> tuple[float, float]:
    """Return R of the rows times `unit`, and about how far rounding may move it.

    Singular values, and not the eigenvalues of A'A: rounding of the largest eigenvalue
    would hide small ones. Logarithms, as squares may overflow.
    """
    with blas_for(min(rows.shape)):
        roots = linalg.svdvals(rows)
    off = ROUNDINGS * EPSILON * roots[0]
    if roots[0] == 0:
        return 0.0, 0.0
    shift = 2 * math.log(unit) - math.log(len(rows) * eps)
    # log(1 + s^2 / (m eps)) / 2 of each singular value, with its error added to it, and
    # taken from it.
    around = np.array([roots, roots + off, np.maximum(roots - off, 0)])
    with np.errstate(divide="ignore"):
        rate, high, low = np.logaddexp(0, 2 * np.log(around) + shift).sum(axis=1) / 2
    return float(rate), float(high - low + ROUNDINGS * EPSILON * rate)

"""TransRate (Huang et al., ICML 2022): the coding rate that the labels save.

With Z the centered features (n, d), Z_c the rows of class c, and the coding rate

    R(A) = 1/2 log det(I + A'A / (m eps))        of the m rows of A, in nats,

the score is R(Z) - sum_c (n_c / n) R(Z_c): a mutual information of features and labels
at the distortion eps. The classes are centered at the common mean, as in the paper.

The value depends on the scale of the features against eps, and with d > n_c on eps
itself: one class's rate then grows by 1/2 n_c log(1 / eps), so that scores of
embeddings with different scales do not compare unless `normalize` is given.
"""

import math
import warnings
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.inputs import check_choice, check_positive
from peftdiff.metrics.reductions import Embedding
from peftdiff.metrics.validity import SaturatedScore, check_squares
from peftdiff.parameters import OneOf, Positive

Floats = NDArray[np.float64]

WEIGHTINGS = ("class_size", "uniform")


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
        Weights of the classes' rates: n_c / n as in the paper, or 1 / C as in the
        published code.
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
        Where the features' squares overflow, unless `normalize`.

    Warns
    -----
    SaturatedScore
        For constant features.
    """
    check_positive("eps", eps)
    check_choice("weighting", weighting, WEIGHTINGS)
    if embedding.constant:
        warnings.warn(
            "features are constant: TransRate is 0 for any labels",
            SaturatedScore,
            stacklevel=2,
        )
        return 0.0
    if not normalize:
        check_squares(embedding.features)
    centered = embedding.centered
    unit = 1 / math.sqrt((centered**2).mean()) if normalize else embedding.unit
    rate = _coding_rate(embedding.gram * unit * unit, len(labels) * eps)
    counts = np.bincount(labels)
    by_class = unit * centered[np.argsort(labels, kind="stable")]
    classes = np.split(by_class, np.cumsum(counts)[:-1])
    rates = [_coding_rate(_gram(rows), len(rows) * eps) for rows in classes]
    weights = counts if weighting == "class_size" else None
    return rate - float(np.average(rates, weights=weights))


def _gram(rows: Floats) -> Floats:
    """Return A'A or AA', which have the same eigenvalues but 0: the smaller one."""
    m, d = rows.shape
    return np.asarray(rows.T @ rows if d <= m else rows @ rows.T)


def _coding_rate(gram: Floats, distortion: float) -> float:
    """Return 1/2 log det(I + A'A / distortion); A'A is overwritten."""
    gram /= distortion
    gram.flat[:: len(gram) + 1] += 1
    # log det = 2 sum log diag(L), of which R is half.
    return float(np.log(np.diagonal(np.linalg.cholesky(gram))).sum())

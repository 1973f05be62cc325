"""Nearest class mean, in its soft form: the "LDA" score of ETran (ICCV 2023).

A sample's class probabilities are the softmax of log(n_c / n) - |x - mu_c|^2 / 2, and
the score is the mean probability of the true class. ETran (Gholami et al.) describes a
linear discriminant analysis, but its code takes eigenvectors of the non-symmetric
Sw^-1 Sb from a solver for symmetric matrices; they are orthonormal, so that the
whitening by the within-class covariance drops out and this is what is left.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from peftdiff.metrics.reductions import Embedding, class_means
from peftdiff.metrics.validity import check_squares, warn_if_uninformed


def score(embedding: Embedding, labels: NDArray[np.int64]) -> float:
    """Return the mean probability of the true class.

    Parameters
    ----------
    embedding : Embedding, of shape (n, d)
        The scale of its features matters: it is the temperature of the softmax.
    labels : ndarray, shape (n,)
        Class codes.

    Returns
    -------
    float
        In (0, 1]; sum_c (n_c / n)^2 for features without information.

    Raises
    ------
    UndefinedScore
        Where the features' squares overflow.

    Warns
    -----
    SaturatedScore
        Where distances are so small that every sample gets the classes' shares.
    """
    check_squares(embedding.features)
    n = len(labels)
    samples = np.arange(n)
    counts = np.bincount(labels)
    # A shift does not change the posteriors; centered features lose fewer digits.
    centered, unit = embedding.centered, embedding.unit
    means = class_means(centered, labels)
    logits = centered @ means.T - (means**2).sum(axis=1) / 2
    # Not unit**2, which overflows where this does not.
    logits = logits * unit * unit + np.log(counts / n)
    value = float(softmax(logits, axis=1)[samples, labels].mean())
    warn_if_uninformed("nearest_class_mean", value, float(((counts / n) ** 2).sum()))
    return value

"""Linear probe: leave-one-out ridge regression on the one-hot labels.

With centered features X, one-hot labels Y and an intercept that is not shrunk, the fit
is F = H Y, H = 1 1' / n + X (X'X + t I)^-1 X'. The fit without sample i misses it by
(y_i - f_i) / (1 - h_ii) (Allen, 1974), so that one eigendecomposition gives all n
refits, for all classes and all penalties t.
"""

import warnings
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from peftdiff.diffusion.inputs import check_choice
from peftdiff.metrics.reductions import Embedding, blas_for
from peftdiff.metrics.validity import SaturatedScore
from peftdiff.parameters import OneOf

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

CRITERIA = ("accuracy", "squared_error")
# Penalties that are tried, relative to the largest eigenvalue of X'X. Below the first,
# rounding of the eigenvalues would show; above the last, all weights are almost zero.
PENALTIES = 10.0 ** np.arange(-7, 1.5, 0.5)
TIE = 1e-10  # predictions closer than this are ties


def score(
    embedding: Embedding,
    labels: Codes,
    *,
    criterion: Annotated[str, OneOf(CRITERIA)] = "accuracy",
) -> float:
    """Return how well a ridge regression on all other samples predicts each sample.

    The penalty is the same for all classes: the one with the smallest leave-one-out
    squared error.

    Parameters
    ----------
    embedding : Embedding, of shape (n, d)
    labels : ndarray, shape (n,)
    criterion : {"accuracy", "squared_error"}
        "accuracy": the share of samples whose class has the largest prediction.
        "squared_error": the share of the labels' variance that is explained, 1 - (sum
        of squared errors) / (the same for predictions without features), in which two
        methods hardly ever tie.

    Returns
    -------
    float
        Within [0, 1] for the accuracy, at most 1 for the explained share; invariant
        under scaling, shifting and rotating the features. Classes with equally large
        predictions share the decision. A class's only sample is always missed.

    Raises
    ------
    ValueError
        For an unknown criterion.

    Warns
    -----
    SaturatedScore
        Where the same class is predicted for all samples: only its size decides.
    """
    check_choice("criterion", criterion, CRITERIA)
    targets = np.eye(labels.max() + 1)[labels]
    if embedding.constant:
        errors = _without_features(targets)
    else:
        errors = _smallest_errors(embedding, targets)
    if criterion == "squared_error":
        total = np.sum(_without_features(targets) ** 2)
        return float(1 - np.sum(errors**2) / total)
    predicted = targets - errors
    winners = predicted >= predicted.max(axis=1, keepdims=True) - TIE
    if winners.any(axis=0).sum() == 1:
        warnings.warn(
            "the linear probe depends on the sizes of the classes alone: it predicts "
            "the same class for all samples",
            SaturatedScore,
            stacklevel=2,
        )
    own = winners[np.arange(len(labels)), labels]
    return float((own / winners.sum(axis=1)).mean())


def _without_features(targets: Floats) -> Floats:
    """Return the errors (n, n_classes) of the mean of all other targets."""
    return np.asarray((targets - targets.mean(axis=0)) / (1 - 1 / len(targets)))


def _smallest_errors(embedding: Embedding, targets: Floats) -> Floats:
    """Return the leave-one-out errors (n, n_classes) under the best penalty."""
    centered = targets - targets.mean(axis=0)
    fits = _fits if embedding.tall else _dual_fits
    smallest, errors = np.inf, centered
    for residual, remainder in fits(embedding, centered):
        candidate = residual / remainder[:, None]
        total = float(np.einsum("ij,ij->", candidate, candidate))
        if total < smallest:
            smallest, errors = total, candidate
    return errors


def _fits(embedding: Embedding, targets: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield residuals (n, n_classes) and 1 - h_ii for each penalty, for n > d."""
    points, squares = embedding.components()
    squares = np.maximum(squares, 0)
    weights = 1 / (squares + PENALTIES[:, None] * squares[0])
    remainders = 1 - 1 / len(points) - points**2 @ weights.T
    projected = points.T @ targets
    for weight, remainder in zip(weights, remainders.T, strict=True):
        yield targets - points @ (weight[:, None] * projected), remainder


def _dual_fits(
    embedding: Embedding, targets: Floats
) -> Iterator[tuple[Floats, Floats]]:
    """Yield the same for n <= d, where residuals may be tiny.

    They are not computed as differences, but summed up over the eigenvectors of XX':
    along one of eigenvalue s the residual is the share penalty / (s + penalty).
    """
    gram = embedding.gram
    shift = 2 * float(np.trace(gram)) / len(gram)
    # The mean is fitted without a penalty: its eigenvector is moved to the end.
    with blas_for(len(gram)):
        squares, vectors = linalg.eigh(gram + shift, driver="evd")
    squares, vectors = np.maximum(squares[:-1], 0), vectors[:, :-1]
    projected, powers = vectors.T @ targets, vectors**2
    for penalty in PENALTIES * squares[-1]:
        residual_share = penalty / (squares + penalty)
        yield vectors @ (residual_share[:, None] * projected), powers @ residual_share

"""Linear probe: leave-one-out ridge regression on the one-hot labels.

With centered features X, one-hot labels Y and an intercept that is not shrunk, the fit
is F = H Y, H = 1 1' / n + X (X'X + t I)^-1 X'. The fit without sample i misses it by
(y_i - f_i) / (1 - h_ii) (Allen, 1974), so that one eigendecomposition gives all n
refits, for all classes and all penalties t.
"""

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from peftdiff.diffusion.inputs import check_choice
from peftdiff.metrics.validity import SaturatedScore

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

CRITERIA = ("accuracy", "squared_error")
# Penalties tried, as shares of the largest eigenvalue of X'X. Below the first, rounding
# of the eigenvalues would show; beyond the last, all weights are almost zero.
PENALTIES = 10.0 ** np.arange(-7, 1.5, 0.5)
TIE = 1e-10  # predictions closer than this are ties


def score(features: Floats, labels: Codes, *, criterion: str = "accuracy") -> float:
    """Return how well a ridge regression on all other samples predicts each sample.

    Of the penalties, the one with the smallest leave-one-out squared error is used,
    the same for all classes.

    Parameters
    ----------
    features, labels : ndarray, shapes (n, d) and (n,)
    criterion : {"accuracy", "squared_error"}
        "accuracy": the share of samples whose class has the largest prediction.
        "squared_error": the share of the labels' variance that is explained, 1 - (sum
        of squared errors) / (the same for predictions without features); two methods
        hardly ever tie in it.

    Returns
    -------
    float
        Within [0, 1] for the accuracy, at most 1 for the explained share; the same for
        features times any constant, shifted or rotated. Classes with equally large
        predictions share the decision. The only sample of its class is always missed.

    Raises
    ------
    ValueError
        For an unknown criterion.

    Warns
    -----
    SaturatedScore
        For constant features: only the sizes of the classes decide.
    """
    check_choice("criterion", criterion, CRITERIA)
    targets = np.eye(labels.max() + 1)[labels]
    if not np.ptp(features, axis=0).any():
        warnings.warn(
            "features are constant: the linear probe depends on class sizes alone",
            SaturatedScore,
            stacklevel=2,
        )
        errors = _without_features(targets)
    else:
        errors = _smallest_errors(features, targets)
    if criterion == "squared_error":
        total = np.sum(_without_features(targets) ** 2)
        return float(1 - np.sum(errors**2) / total)
    predicted = targets - errors
    winners = predicted >= predicted.max(axis=1, keepdims=True) - TIE
    own = winners[np.arange(len(labels)), labels]
    return float((own / winners.sum(axis=1)).mean())


def _without_features(targets: Floats) -> Floats:
    """Return the errors (n, n_classes) of the mean of all other targets."""
    return np.asarray((targets - targets.mean(axis=0)) / (1 - 1 / len(targets)))


def _smallest_errors(features: Floats, targets: Floats) -> Floats:
    """Return the leave-one-out errors (n, n_classes) under the best penalty."""
    centered = features / np.abs(features).max()
    centered -= centered.mean(axis=0)
    misses = targets - targets.mean(axis=0)
    fits = _fits if len(features) > features.shape[1] else _dual_fits
    smallest, errors = np.inf, misses
    for residual, remainder in fits(centered, misses):
        candidate = residual / remainder[:, None]
        total = float(np.einsum("ij,ij->", candidate, candidate))
        if total < smallest:
            smallest, errors = total, candidate
    return errors


def _fits(centered: Floats, misses: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield residuals (n, n_classes) and 1 - h_ii of each penalty, for n > d."""
    squares, axes = linalg.eigh(centered.T @ centered, overwrite_a=True, driver="evd")
    squares = np.maximum(squares, 0)
    basis = centered @ axes
    projected, powers = basis.T @ misses, basis**2
    for penalty in PENALTIES * squares[-1]:
        weights = 1 / (squares + penalty)
        residual = misses - basis @ (weights[:, None] * projected)
        yield residual, 1 - 1 / len(centered) - powers @ weights


def _dual_fits(centered: Floats, misses: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield the same for n <= d, where the fit may leave next to nothing.

    What is left is summed up, not found as a small difference: along an eigenvector of
    XX' of eigenvalue s it is the share penalty / (s + penalty).
    """
    gram = centered @ centered.T
    beyond = 2 * float(np.trace(gram)) / len(centered)
    # The mean is fitted without a penalty: its eigenvector is moved to the end.
    squares, vectors = linalg.eigh(gram + beyond, driver="evd")
    squares, vectors = np.maximum(squares[:-1], 0), vectors[:, :-1]
    projected, powers = vectors.T @ misses, vectors**2
    for penalty in PENALTIES * squares[-1]:
        left = penalty / (squares + penalty)
        yield vectors @ (left[:, None] * projected), powers @ left

"""How a metric reports that its value must not be used to rank methods."""

import warnings

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.validity import UndefinedScore
from peftdiff.metrics.reductions import Embedding

__all__ = [
    "SaturatedScore",
    "UndefinedScore",
    "check_squares",
    "warn_if_uninformed",
    "without_information",
]


class SaturatedScore(UserWarning):
    """Any labels would get the same value, or nearly so, and it says nothing."""


NEARLY = 1e-9  # values that differ by less, relative to their size, are nearly the same


def check_squares(features: NDArray[np.float64]) -> None:
    """Raise UndefinedScore where the features' squares overflow double precision."""
    with np.errstate(over="ignore"):
        total = float(np.vdot(features, features))
    if not np.isfinite(total):
        raise UndefinedScore(
            f"features reach {np.abs(features).max():.1e}, whose square is infinite in "
            "double precision; scale them down"
        )


def without_information(embedding: Embedding, n_classes: int) -> str:
    """Return why no metric can tell any labels from others, or nothing."""
    if embedding.constant:
        return "features are constant"
    if embedding.one_differs:
        return "the features of all samples but one are equal"
    if n_classes == len(embedding.features):
        return "every sample has a class of its own"
    return ""


def warn_if_uninformed(metric: str, value: float, uninformed: float) -> None:
    """Warn of a value that nearly is what features without information would get.

    This is for metrics to which the scale of the features matters: with ever smaller
    ones they depend on the sizes of the classes alone.
    """
    if abs(value - uninformed) <= NEARLY * abs(uninformed):
        warnings.warn(
            f"{metric} is {value:.9g}, as for features without information: these vary "
            "too little for it; subtract a large mean, or scale them up",
            SaturatedScore,
            stacklevel=3,
        )

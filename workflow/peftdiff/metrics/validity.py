"""How a metric reports that its value must not be used to rank methods."""

import numpy as np
from numpy.typing import NDArray


class SaturatedScore(UserWarning):
    """Any labels would get the same value, or nearly so, and it says nothing."""


class UndefinedScore(ValueError):
    """The metric is not defined for these data, such as for too few samples."""


def check_squares(features: NDArray[np.float64]) -> None:
    """Raise UndefinedScore where the features' squares overflow double precision."""
    with np.errstate(over="ignore"):
        total = float(np.vdot(features, features))
    if not np.isfinite(total):
        raise UndefinedScore(
            f"features reach {np.abs(features).max():.1e}, whose square is infinite in "
            "double precision; scale them down"
        )

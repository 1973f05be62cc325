"""What a metric says when its value must not rank anything."""

import numpy as np
from numpy.typing import NDArray


class SaturatedScore(UserWarning):
    """The value is what any labels would get, or nearly so: it says nothing."""


class UndefinedScore(ValueError):
    """The metric does not exist for such data, as with fewer samples than it needs."""


def check_squares(features: NDArray[np.float64]) -> None:
    """Raise UndefinedScore where the features' squares overflow double precision."""
    with np.errstate(over="ignore"):
        total = float(np.vdot(features, features))
    if not np.isfinite(total):
        raise UndefinedScore(
            f"features reach {np.abs(features).max():.1e}, whose square is infinite in "
            "double precision; scale them down"
        )

"""How pixels are normalized before a model sees them, by name or by numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PerChannel = float | Sequence[float]
"""A number for all channels, or one number each."""

NORMALIZATIONS: dict[str, dict[str, Any]] = {
    # Of ImageNet's training images: the convention of the methods' authors.
    "imagenet": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "half": {"mean": 0.5, "std": 0.5},
    "none": {"mean": 0.0, "std": 1.0},
}
"""What is subtracted from pixels in [0, 1], and what they are then divided by."""


def normalization_of(named: str | Mapping[str, PerChannel]) -> dict[str, PerChannel]:
    """Return the mean and the std of a normalization.

    Parameters
    ----------
    named
        A key of `NORMALIZATIONS`, or mean and std themselves.
    """
    levels = NORMALIZATIONS[named] if isinstance(named, str) else named
    return {"mean": levels["mean"], "std": levels["std"]}


def channels(level: PerChannel) -> list[float]:
    """Return the three numbers that a level is for red, green and blue."""
    return list(level) if isinstance(level, Sequence) else [level] * 3

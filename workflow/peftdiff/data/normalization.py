"""How pixels are normalized before they enter a model: by name, or by numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PerChannel = float | Sequence[float]
"""A number for all channels, or one number each."""

NORMALIZATIONS: dict[str, dict[str, Any]] = {
    # Statistics of ImageNet's training images, as the methods' authors use them.
    "imagenet": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "half": {"mean": 0.5, "std": 0.5},
    "none": {"mean": 0.0, "std": 1.0},
}
"""What is subtracted from pixels in [0, 1], and what they are then divided by."""


def normalization_of(
    name_or_values: str | Mapping[str, PerChannel],
) -> dict[str, PerChannel]:
    """Return the mean and the std of a normalization.

    Parameters
    ----------
    name_or_values
        A key of `NORMALIZATIONS`, or mean and std themselves.
    """
    if isinstance(name_or_values, str):
        values: Mapping[str, PerChannel] = NORMALIZATIONS[name_or_values]
    else:
        values = name_or_values
    return {"mean": values["mean"], "std": values["std"]}


def channels(value: PerChannel) -> list[float]:
    """Return one number each for red, green and blue."""
    return list(value) if isinstance(value, Sequence) else [value] * 3

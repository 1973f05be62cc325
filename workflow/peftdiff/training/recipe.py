"""How a model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: AdamW, linear warm-up, then a cosine to zero."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    head_learning_rate: float | None = None  # None: as `learning_rate`
    warmup: float = 0.1  # share of all steps
    label_smoothing: float = 0.0
    flips: bool = False  # random horizontal and vertical flips
    drop_path: float = 0.0  # of the last block, see `backbones.set_drop_path`
    augmentation: Mapping[str, Any] | None = None  # parts of `augmentation.Augmented`

"""How a model is trained: the recipe of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """AdamW with a linear warm-up and then a cosine to zero.

    Parameters
    ----------
    epochs, batch_size, learning_rate, weight_decay
        They have their usual meaning.
    head_learning_rate
        The learning rate of the head; None if it is `learning_rate`.
    warmup
        The share of all steps in which the learning rate rises.
    label_smoothing
        The share of a label's weight that is spread over all classes.
    flips
        Whether images are mirrored at random, horizontally and vertically.
    drop_path
        The drop path rate of the last block, see `models.vit.set_drop_path`.
    augmentation
        The parts of `training.augmentation.Augmented`; None if there are none.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    head_learning_rate: float | None = None
    warmup: float = 0.1
    label_smoothing: float = 0.0
    flips: bool = False
    drop_path: float = 0.0
    augmentation: Mapping[str, Any] | None = None

    def identity(self) -> dict[str, Any]:
        """Return what a run's key owes to its recipe.

        What is switched off is left out, so that a new option changes no key of the
        runs that do without it.
        """
        values = asdict(self)
        switches = (
            "head_learning_rate",
            "label_smoothing",
            "flips",
            "drop_path",
            "augmentation",
        )
        off = {name for name in switches if not values[name]}
        return {name: value for name, value in values.items() if name not in off}

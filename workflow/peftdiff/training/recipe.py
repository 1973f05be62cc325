"""How a model is trained: the recipe of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """AdamW with a linear warm-up and then a cosine.

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
    schedule
        "steps" or "timm", see `training.optimizer.share_of_rates`.
    decay
        What the weight decay applies to: "all" that trains, or its "matrices" alone.
    given
        The names of the values that were given where the recipe was read; no value of
        the recipe itself.
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
    schedule: str = "steps"
    decay: str = "all"
    given: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Recipe:
        """Return the recipe of these values, and remember which ones were given."""
        return cls(**values, given=frozenset(values))

    def identity(self) -> dict[str, Any]:
        """Return the values that were given, and those that are not the defaults.

        A run's key is made of these. A default that nobody gave is left out, so that a
        new option changes no key of the runs that do without it. `Recipe.of` makes the
        same recipe of them again.
        """
        options = {each.name: each.default for each in fields(self)}
        del options["given"]
        values = {name: getattr(self, name) for name in options}
        return {
            name: value
            for name, value in values.items()
            if name in self.given or value != options[name]
        }

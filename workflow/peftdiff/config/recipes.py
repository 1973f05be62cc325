"""How models are trained: the recipes of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from annotated_types import MaxLen, MinLen

from peftdiff.config.values import (
    NOT_GIVEN,
    Count,
    NotNegative,
    Positive,
    Probability,
    Section,
    ShareBelowOne,
    ShareOfAll,
    matching,
)

DECIMALS = "([.][0-9]{1,6})?"  # behind a digit: timm reads no other
RANDAUGMENT = matching(
    rf"rand(-(m[0-9]{{1,2}}|n[1-9]|p(1|0{DECIMALS})|mstd[0-9]{{1,3}}{DECIMALS}"
    "|mmax[1-9][0-9]?|inc[01]|t(weights|3a|3aw)))*",
    "timm's name of a RandAugment, such as rand-m9-mstd0.5-inc1",
)
ONLY_THE_SOURCE = "only the training on the source can have one"


class Augmentation(Section):
    """How timm changes the images at random; a part that is not named does nothing."""

    crop: Annotated[list[ShareOfAll], MinLen(2), MaxLen(2)] | None = None
    """The smallest and the largest share of the area that a random crop has. Without
    it, the central square is taken."""

    flip: Probability = NOT_GIVEN
    """The probability of mirroring left and right."""

    randaugment: Annotated[str, *RANDAUGMENT] | None = None
    """timm's name of a RandAugment, such as `rand-m9-mstd0.5-inc1`."""

    color_jitter: NotNegative = NOT_GIVEN
    """The strength of changes of brightness, contrast and saturation. As in timm, it
    has no effect beside `randaugment`."""

    erasing: Probability = NOT_GIVEN
    """The probability of erasing a rectangle."""

    mixup: NotNegative = NOT_GIVEN
    """The parameter of the beta distribution by which images are mixed."""

    cutmix: NotNegative = NOT_GIVEN
    """The parameter of the beta distribution by which a rectangle of another image is
    taken."""


class Recipe(Section):
    """AdamW with a linear warm-up, then a cosine."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "drop_path": "this training has no drop path",
        "augmentation": ONLY_THE_SOURCE,
    }

    epochs: Count
    """How often every image is seen."""

    batch_size: Count
    """How many images a step sees."""

    learning_rate: Positive
    """The highest learning rate."""

    head_learning_rate: Positive = NOT_GIVEN
    """The learning rate of the classifier, where it is not that of the rest."""

    weight_decay: NotNegative
    """The weight decay."""

    warmup: ShareBelowOne
    """The share of the steps in which the learning rate rises."""

    label_smoothing: ShareBelowOne = NOT_GIVEN
    """The share of each label that is spread evenly over all classes."""

    flips: bool = NOT_GIVEN
    """Whether images are mirrored at random, horizontally and vertically."""

    schedule: Literal["steps", "timm"] = NOT_GIVEN
    """How the learning rate changes. `steps`, the default: with every step, up to the
    highest rate and then as a cosine to zero. `timm`: with every epoch, as in the code
    of NOAH, Convpass and FacT, from 1e-6 to 1e-5, by a cosine that begins with the
    first epoch."""

    decay: Literal["all", "matrices"] = NOT_GIVEN
    """What the weight decay applies to: `all` that trains (the default), or its
    `matrices`, which leaves out biases and whatever has one dimension, as NOAH's code
    does."""


class DropPathRecipe(Recipe):
    """A recipe for a vision transformer whose blocks may be left out at random."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {"augmentation": ONLY_THE_SOURCE}

    drop_path: ShareBelowOne = NOT_GIVEN
    """The probability that the last block is left out; it rises to that linearly."""


class SourceRecipe(DropPathRecipe):
    """A recipe for training on the source, whose images may be augmented."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {}

    augmentation: Augmentation | None = None
    """How images are augmented."""

"""Initial values of new parameters, and the check of their sizes."""

from __future__ import annotations

import math

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn


class Initializer:
    """Draws a model's new parameters from one generator.

    Values are drawn where the generator lives (the CPU, without one) and moved to the
    model, so that they do not depend on the model's device; the meta device works too.
    """

    def __init__(
        self, model: VisionTransformer, generator: torch.Generator | None
    ) -> None:
        self.generator = generator
        self.source = torch.device("cpu") if generator is None else generator.device
        self.like = next(model.parameters())

    def zeros(self, *shape: int) -> nn.Parameter:
        """Return zeros."""
        return self.parameter(torch.zeros(shape, device=self.source))

    def normal(self, std: float, *shape: int) -> nn.Parameter:
        """Return normal values of mean zero."""
        values = torch.empty(shape, device=self.source)
        return self.parameter(values.normal_(0, std, generator=self.generator))

    def uniform(self, bound: float, *shape: int) -> nn.Parameter:
        """Return values uniform on +-bound."""
        values = torch.empty(shape, device=self.source)
        return self.parameter(values.uniform_(-bound, bound, generator=self.generator))

    def xavier(self, *shape: int) -> nn.Parameter:
        """Return xavier-uniform values of a weight (out, in, ...)."""
        area = math.prod(shape[2:])
        return self.uniform(math.sqrt(6 / ((shape[0] + shape[1]) * area)), *shape)

    def parameter(self, values: Tensor) -> nn.Parameter:
        """Return values as a parameter of the model's device and type."""
        return nn.Parameter(values.to(self.like))


def bottleneck_std(width: int) -> float:
    """Return the standard deviation of both weights of a bottleneck at a width D.

    0.02 at D = 768, the effective value of the published NOAH code (timm initializes
    every linear layer so; its truncation lies 100 deviations out). The output of two
    such layers on normalized input has variance hidden * D * std^4, so std ~ D^(-1/4)
    keeps the change of the features the same in narrower models.
    """
    return 0.02 * (768 / width) ** 0.25


def check_size(name: str, value: int, least: int = 1) -> None:
    """Raise ValueError unless a size is a whole number, `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")

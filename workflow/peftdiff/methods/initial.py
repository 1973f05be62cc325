"""Initial values of new parameters, and the check of their sizes."""

from __future__ import annotations

import math

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn


class Initializer:
    """Draws a model's new parameters from one generator.

    Values are drawn on the generator's device (the CPU, if there is none) and moved to
    the model's, so that they do not depend on it; the meta device works too.
    """

    def __init__(
        self, model: VisionTransformer, generator: torch.Generator | None
    ) -> None:
        self.generator = generator
        self.device = torch.device("cpu") if generator is None else generator.device
        self.like = next(model.parameters())  # has the model's device and dtype

    def zeros(self, *shape: int) -> nn.Parameter:
        """Return zeros."""
        return self.parameter(torch.zeros(shape, device=self.device))

    def normal(self, std: float, *shape: int) -> nn.Parameter:
        """Return normal values of mean zero."""
        values = torch.empty(shape, device=self.device)
        return self.parameter(values.normal_(0, std, generator=self.generator))

    def uniform(self, bound: float, *shape: int) -> nn.Parameter:
        """Return values uniform on +-bound."""
        values = torch.empty(shape, device=self.device)
        return self.parameter(values.uniform_(-bound, bound, generator=self.generator))

    def xavier(self, *shape: int) -> nn.Parameter:
        """Return xavier-uniform values of a weight (out, in, ...)."""
        area = math.prod(shape[2:])
        return self.uniform(math.sqrt(6 / ((shape[0] + shape[1]) * area)), *shape)

    def parameter(self, values: Tensor) -> nn.Parameter:
        """Return values as a parameter of the model's device and dtype."""
        return nn.Parameter(values.to(self.like))


def bottleneck_std(width: int) -> float:
    """Return the initial standard deviation of a bottleneck's weights at a width D.

    It is 0.02 at D = 768, the effective value of the published NOAH code (timm's
    initialization of every linear layer; its truncation is 100 deviations away). The
    output of two such layers on normalized input has variance hidden * D * std^4, so
    std ~ D^(-1/4) keeps the change of the features the same in narrower models.
    """
    return 0.02 * (768 / width) ** 0.25


def check_size(name: str, value: int, least: int = 1) -> None:
    """Raise ValueError unless a size is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")

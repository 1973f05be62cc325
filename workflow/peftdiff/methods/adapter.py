"""Adapter: a small residual MLP behind every MLP.

Houlsby et al. 2019, with one adapter per block as in Pfeiffer et al. 2021, as NOAH
(Zhang et al. 2022) applies it to vision transformers.
"""

from __future__ import annotations

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F

from peftdiff.methods.attachments import add_after, transformer_blocks
from peftdiff.methods.initial import Initializer, bottleneck_std, check_size
from peftdiff.parameters import Count, Dropout


def quick_gelu(x: Tensor) -> Tensor:
    """Return x sigmoid(1.702 x), an approximation of GELU."""
    return F.silu(1.702 * x) / 1.702  # the same in fewer passes


class Adapter(nn.Module):
    """A(z) = z + W2 g(W1 z + b1) + b2 with W1 (h, D), W2 (D, h) and g = QuickGELU."""

    def __init__(
        self, new: Initializer, width: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        std = bottleneck_std(width)
        self.down = new.normal(std, hidden, width)
        self.down_bias = new.zeros(hidden)
        self.up = new.normal(std, width, hidden)
        self.up_bias = new.zeros(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, z: Tensor) -> Tensor:
        """Return A(z) for z (..., D)."""
        hidden = self.dropout(quick_gelu(F.linear(z, self.down, self.down_bias)))
        return z + F.linear(hidden, self.up, self.up_bias)


def build(
    model: VisionTransformer,
    *,
    generator: torch.Generator | None,
    hidden: Count = 8,
    dropout: Dropout = 0.0,
) -> None:
    """Put an adapter of `hidden` units behind every MLP (published dropout: 0.1)."""
    check_size("adapter: hidden", hidden)
    new = Initializer(model, generator)
    for block in transformer_blocks(model):
        add_after(block, 2, adapter=Adapter(new, model.embed_dim, hidden, dropout))

"""LoRA: a low-rank change of the fused query, key and value projection.

Hu et al. 2022, with the fused form of NOAH (Zhang et al. 2022): one A is shared by
query, key and value, and the change is not scaled.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F

from peftdiff.methods.attachments import (
    Delta,
    add_delta,
    linear_layer,
    transformer_blocks,
)
from peftdiff.methods.initial import Initializer, bottleneck_std, check_size
from peftdiff.parameters import Count, Dropout, OneOf

INITS = ("zero", "noah")


class LowRank(Delta):
    """dW = B A with A (r, in) and B (out, r); dropout acts on the input."""

    def __init__(
        self,
        new: Initializer,
        layer: nn.Linear,
        rank: int,
        dropout: float = 0.0,
        init: str = "zero",
    ) -> None:
        super().__init__(dropout)
        inputs, outputs = layer.in_features, layer.out_features
        if init == "zero":
            self.A = new.uniform(1 / math.sqrt(inputs), rank, inputs)
            self.B = new.zeros(outputs, rank)
        else:
            std = bottleneck_std(inputs)
            self.A = new.normal(std, rank, inputs)
            self.B = new.normal(std, outputs, rank)

    def weight(self) -> Tensor:
        """Return B A."""
        return self.B @ self.A

    def forward(self, x: Tensor) -> Tensor:
        """Return B (A x) for x (..., in)."""
        return F.linear(F.linear(self.dropout(x), self.A), self.B)


def build(
    model: VisionTransformer,
    *,
    generator: torch.Generator | None,
    rank: Count = 8,
    init: Annotated[str, OneOf(INITS)] = "zero",
    dropout: Dropout = 0.0,
) -> None:
    """Change every fused qkv layer by a matrix of rank `rank` (published dropout: 0.1).

    `init="zero"` starts with B = 0, which is the backbone. `init="noah"` draws both A
    and B, as the published NOAH code does in effect, because timm's initialization of
    linear layers runs after its own.
    """
    check_size("lora: rank", rank)
    if init not in INITS:
        raise ValueError(f"lora: init must be one of {', '.join(INITS)}, got {init!r}")
    new = Initializer(model, generator)
    for block in transformer_blocks(model):
        layer = linear_layer(block, "attn.qkv")
        add_delta(block, "attn.qkv", LowRank(new, layer, rank, dropout, init))

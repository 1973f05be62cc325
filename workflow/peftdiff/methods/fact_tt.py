"""FacT-TT: the tensor-train form, with a free core per slot (Jie and Deng 2023)."""

from __future__ import annotations

import math

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from peftdiff.methods.attachments import add_delta, add_shared, transformer_blocks
from peftdiff.methods.fact import FactDelta, Factors, slots
from peftdiff.methods.initial import Initializer, check_size
from peftdiff.parameters import Count, Dropout


class TensorTrainDelta(FactDelta):
    """A layer's change whose cores S (o, i, r, r) are parameters of the layer."""

    def __init__(
        self,
        new: Initializer,
        factors: Factors,
        counts: tuple[int, int],
        scale: float,
        dropout: float,
    ) -> None:
        super().__init__(factors, scale, dropout)
        rank = len(factors.U)
        bound = 1 / math.sqrt(counts[1] * rank)  # of a linear layer (i r -> o r)
        self.S = new.uniform(bound, *counts, rank, rank)

    def cores(self) -> Tensor:
        """Return S."""
        return self.S


def build(
    model: VisionTransformer,
    *,
    generator: torch.Generator | None,
    rank: Count = 16,
    scale: float = 1.0,
    dropout: Dropout = 0.0,
) -> None:
    """Change all dense layers at rank `rank`, times a fixed `scale`.

    The published dropout is 0.1. V starts at zero, and so the model as the backbone.
    """
    check_size("fact_tt: rank", rank)
    blocks = transformer_blocks(model)
    layout = [slots(block, model.embed_dim) for block in blocks]
    new = Initializer(model, generator)
    factors = Factors(new, model.embed_dim, rank)
    add_shared(model, factors)
    for block, sites in zip(blocks, layout, strict=True):
        for site, counts in sites.items():
            delta = TensorTrainDelta(new, factors, counts, scale, dropout)
            add_delta(block, site, delta)

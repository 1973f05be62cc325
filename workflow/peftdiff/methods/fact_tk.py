"""FacT-TK: the Tucker form, with cores mixed from one tensor (Jie and Deng 2023)."""

from __future__ import annotations

from typing import Annotated

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from peftdiff.methods.attachments import add_delta, add_shared, transformer_blocks
from peftdiff.methods.fact import FactDelta, Factors, slots
from peftdiff.methods.initial import Initializer, check_size
from peftdiff.parameters import Count, Dropout, OneOf

MLPS = ("published", "paper")


class TuckerFactors(Factors):
    """U and V, the core tensor C (r, r, r) and the mixing weights P (r, all slots)."""

    def __init__(self, new: Initializer, width: int, rank: int, total: int) -> None:
        super().__init__(new, width, rank)
        self.C = new.xavier(rank, rank, rank)
        self.P = new.xavier(rank, total)


class TuckerDelta(FactDelta):
    """A layer's change with cores S_j = sum_k C[:, :, k] P[k, j].

    Its slots j are numbered through all layers, from `first` on. The rows of C act on
    the input, except in the MLP's second layer (`transposed`), where they act on the
    output. Where `interleaved`, the numbers of the mixed cores M_j (r, r) are read in
    the order of the published code: with M (r, r, slots) as (r, slots, r), so that core
    s has M[a, b, j] at row a and column p where b * slots + j = s * r + p.
    """

    _factors: tuple[TuckerFactors]

    def __init__(
        self,
        factors: TuckerFactors,
        counts: tuple[int, int],
        first: int,
        transposed: bool,
        interleaved: bool,
        scale: float,
        dropout: float,
    ) -> None:
        super().__init__(factors, scale, dropout)
        self.counts = counts
        self.first = first
        self.transposed = transposed
        self.interleaved = interleaved

    def cores(self) -> Tensor:
        """Return S (o, i, r, r), mixed from C."""
        (factors,) = self._factors
        last = self.first + self.counts[0] * self.counts[1]
        weights = factors.P[:, self.first : last].T
        mixed = (weights @ factors.C.flatten(0, 1).T).unflatten(1, factors.C.shape[:2])
        if self.interleaved:
            slots, rank, _ = mixed.shape
            mixed = mixed.permute(1, 2, 0).reshape(rank, slots, rank).transpose(0, 1)
        cores = mixed if self.transposed else mixed.transpose(1, 2)
        return cores.unflatten(0, self.counts)


def build(
    model: VisionTransformer,
    *,
    generator: torch.Generator | None,
    rank: Count = 32,
    scale: float = 1.0,
    mlp: Annotated[str, OneOf(MLPS)] = "published",
    dropout: Dropout = 0.0,
) -> None:
    """Change all dense layers at rank `rank`, times a fixed `scale`.

    The published dropout is 0.1. V starts at zero, and so the model as the backbone.

    `mlp` says which cores the two layers of the MLP have. "published": those of the
    authors' code (github.com/JieShibo/PETL-ViT, FacT/fact_tk.py), by which the
    published accuracies were made. "paper": those of the paper's formula. The code
    reads the same numbers in an order that mixes slots with columns; what it computes
    is a model of the same size, but not the paper's.
    """
    check_size("fact_tk: rank", rank)
    if mlp not in MLPS:
        raise ValueError(f"fact_tk: mlp must be one of {', '.join(MLPS)}, got {mlp!r}")
    blocks = transformer_blocks(model)
    layout = [slots(block, model.embed_dim) for block in blocks]
    total = sum(o * i for sites in layout for o, i in sites.values())
    new = Initializer(model, generator)
    factors = TuckerFactors(new, model.embed_dim, rank, total)
    add_shared(model, factors)
    first = 0
    for block, sites in zip(blocks, layout, strict=True):
        for site, counts in sites.items():
            delta = TuckerDelta(
                factors,
                counts,
                first,
                transposed=site == "mlp.fc2",
                interleaved=mlp == "published" and site.startswith("mlp."),
                scale=scale,
                dropout=dropout,
            )
            add_delta(block, site, delta)
            first += counts[0] * counts[1]

"""FacT: all of a backbone's weight changes as one factorized tensor.

Jie and Deng 2023. The weights of attention and MLP are cut into D x D matrices, the
slots: query, key, value, output, and four for each layer of the MLP (at MLP ratio 4).
Slot j changes by dW_j = s V S_j U with U (r, D) and V (D, r) shared by all slots of all
layers; the two forms differ in their cores S_j (r, r). (All matrices act on columns, as
a linear layer's weight does; the paper writes their transposes.)
"""

from __future__ import annotations

import math

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

from peftdiff.methods.attachments import Delta, linear_layer
from peftdiff.methods.initial import Initializer

SITES = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")


class Factors(nn.Module):
    """The factors that all layers share: U and V, and those that a subclass adds."""

    def __init__(self, new: Initializer, width: int, rank: int) -> None:
        super().__init__()
        self.U = new.uniform(1 / math.sqrt(width), rank, width)
        self.V = new.zeros(width, rank)


class FactDelta(Delta):
    """The change of a linear layer of o x i slots; a subclass has their cores."""

    def __init__(self, factors: Factors, scale: float, dropout: float) -> None:
        super().__init__(dropout)
        # In a tuple, so that it is not a submodule: the model registers it once.
        self._factors = (factors,)
        self.scale = scale

    def cores(self) -> Tensor:
        """Return the layer's cores S (o, i, r, r)."""
        raise NotImplementedError

    def weight(self) -> Tensor:
        """Return s V S U, (o D, i D), with the slots joined."""
        (factors,) = self._factors
        cores = self.cores()
        right = (cores.flatten(0, 2) @ factors.U).view(*cores.shape[:3], -1)
        right = right.transpose(1, 2).flatten(2)  # S U (o, r, i D)
        left = (self.scale * factors.V).expand(len(cores), -1, -1)
        return torch.bmm(left, right).flatten(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return s V S (U x) for x (..., i D); dropout acts on S (U x)."""
        (factors,) = self._factors
        cores = self.cores()
        inputs = F.linear(x.unflatten(-1, (cores.shape[1], -1)), factors.U)
        inner = self.dropout(torch.einsum("oirs,...is->...or", cores, inputs))
        return F.linear(inner, self.scale * factors.V).flatten(-2)


def slots(block: Block, width: int) -> dict[str, tuple[int, int]]:
    """Return how many slots (o, i) each linear layer of (o D, i D) is cut into.

    Raises
    ------
    ValueError
        If a layer's size is no multiple of the width.
    """
    counts = {}
    for site in SITES:
        layer = linear_layer(block, site)
        if layer.out_features % width or layer.in_features % width:
            raise ValueError(
                f"FacT cuts layers into squares of the backbone's width {width}; layer"
                f" '{site}' of {layer.out_features} x {layer.in_features} does not fit"
            )
        counts[site] = (layer.out_features // width, layer.in_features // width)
    return counts

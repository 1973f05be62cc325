"""Convpass: convolutional bypasses around attention and MLP (Jie and Deng 2022)."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F

from peftdiff.methods.adapter import quick_gelu
from peftdiff.methods.attachments import add_parallel, transformer_blocks
from peftdiff.methods.initial import Initializer, check_size
from peftdiff.parameters import Count, Dropout, OneOf

CONV_INITS = ("identity", "xavier")
SMALL_GRID = 32
"""Up to this many patches, the convolution is computed as one dense product."""


class ConvBypass(nn.Module):
    """s C(x), C(x) = W_up g(conv(g(W_down x))), with biases and g = QuickGELU.

    The patches are convolved (3 x 3, zero padding) in the grid that they form; every
    prefix token is treated as an image of 1 x 1.
    """

    taps: Tensor | None

    def __init__(
        self,
        new: Initializer,
        model: VisionTransformer,
        hidden: int,
        scale: float,
        conv_init: str,
        dropout: float,
    ) -> None:
        super().__init__()
        width = model.embed_dim
        self.down = new.xavier(hidden, width)
        self.down_bias = new.zeros(hidden)
        if conv_init == "identity":
            identity = torch.zeros(hidden, hidden, 3, 3)
            self.conv = new.parameter(nn.init.dirac_(identity))
        else:
            self.conv = new.xavier(hidden, hidden, 3, 3)
        self.conv_bias = new.zeros(hidden)
        self.up = new.zeros(width, hidden)
        self.up_bias = new.zeros(width)
        self.dropout = nn.Dropout(dropout)
        self.scale = scale
        self.prefix = model.num_prefix_tokens
        self.grid = model.patch_embed.grid_size
        small = math.prod(self.grid) <= SMALL_GRID
        taps = token_taps(self.prefix, self.grid).to(new.like) if small else None
        self.register_buffer("taps", taps, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return s C(x) for x (batch, prefix + rows * columns, D).

        x may also consist of the prefix tokens alone.
        """
        tokens = self.prefix + math.prod(self.grid)
        if x.shape[1] not in (self.prefix, tokens):
            raise ValueError(
                f"Convpass needs the {tokens} tokens of a whole grid of patches, got"
                f" {x.shape[1]}; use images of the backbone's size and no patch dropout"
            )
        hidden = quick_gelu(F.linear(x, self.down, self.down_bias))
        if x.shape[1] == self.prefix:
            hidden = self.convolve_alone(hidden)
        elif self.taps is None:
            hidden = self.convolve(hidden)
        else:
            hidden = self.convolve_densely(hidden, self.taps)
        hidden = self.dropout(quick_gelu(hidden))
        return F.linear(hidden, self.scale * self.up, self.scale * self.up_bias)

    def convolve(self, tokens: Tensor) -> Tensor:
        """Return the convolution of tokens (batch, prefix + rows * columns, h)."""
        patches = tokens[:, self.prefix :].unflatten(1, self.grid)
        image = patches.permute(0, 3, 1, 2)
        image = F.conv2d(image, self.conv, self.conv_bias, padding=1)
        patches = image.permute(0, 2, 3, 1).flatten(1, 2)
        prefix = self.convolve_alone(tokens[:, : self.prefix])
        return torch.cat((prefix, patches), dim=1)

    def convolve_alone(self, tokens: Tensor) -> Tensor:
        """Return the convolution of tokens (batch, n, h), each an image of 1 x 1."""
        # With zero padding, only the kernel's center acts on such an image.
        return F.linear(tokens, self.conv[:, :, 1, 1], self.conv_bias)

    def convolve_densely(self, tokens: Tensor, taps: Tensor) -> Tensor:
        """Return what `convolve` does, by one product: faster on a small grid."""
        count, hidden = tokens.shape[1:]
        kernel = self.conv.flatten(2).permute(2, 0, 1).flatten(1)  # (9, h h)
        matrix = (taps @ kernel).view(count, count, hidden, hidden)
        matrix = matrix.transpose(1, 2).reshape(count * hidden, count * hidden)
        return F.linear(tokens.flatten(1), matrix).view_as(tokens) + self.conv_bias


def token_taps(prefix: int, grid: tuple[int, int]) -> Tensor:
    """Return which tap of a 3 x 3 kernel leads from one token to another.

    The result has zeros and ones, (tokens out, tokens in, 9), for the prefix tokens,
    which are images of 1 x 1, and then the patches.
    """
    patches = math.prod(grid)
    # The responses of the nine one-tap kernels to an impulse in each patch.
    impulses = torch.eye(patches).view(patches, 1, *grid)
    kernels = torch.eye(9).view(9, 1, 3, 3)
    responses = F.conv2d(impulses, kernels, padding=1).flatten(2)
    taps = torch.zeros(prefix + patches, prefix + patches, 9)
    taps[:prefix, :prefix, 4] = torch.eye(prefix)
    taps[prefix:, prefix:] = responses.permute(2, 0, 1)
    return taps


def add_bypasses(
    model: VisionTransformer,
    generator: torch.Generator | None,
    branches: tuple[int, ...],
    *,
    hidden: int,
    scale: float,
    conv_init: str,
    dropout: float,
) -> None:
    """Add a bypass to the given branches (1 attention, 2 MLP) of every block."""
    check_size("convpass: hidden", hidden)
    if conv_init not in CONV_INITS:
        allowed = ", ".join(CONV_INITS)
        raise ValueError(
            f"convpass: conv_init must be one of {allowed}, got {conv_init!r}"
        )
    new = Initializer(model, generator)
    for block in transformer_blocks(model):
        for branch in branches:
            bypass = ConvBypass(new, model, hidden, scale, conv_init, dropout)
            add_parallel(block, branch, bypass)


def build(
    model: VisionTransformer,
    *,
    generator: torch.Generator | None,
    hidden: Count = 8,
    scale: float = 1.0,
    conv_init: Annotated[str, OneOf(CONV_INITS)] = "identity",
    dropout: Dropout = 0.0,
) -> None:
    """Add bypasses of `hidden` channels to attention and MLP (published dropout: 0.1).

    `scale` is s, which is not trained. The convolution starts as the identity or
    `xavier`-uniform (the published code uses either, depending on the dataset), and the
    bypass as a whole at zero.
    """
    add_bypasses(
        model,
        generator,
        (1, 2),
        hidden=hidden,
        scale=scale,
        conv_init=conv_init,
        dropout=dropout,
    )

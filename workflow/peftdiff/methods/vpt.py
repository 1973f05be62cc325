"""VPT: learned prompts among the tokens (Jia et al. 2022)."""

from __future__ import annotations

import math

import torch
from timm.models.vision_transformer import VisionTransformer

from peftdiff.methods.attachments import add_tokens, transformer_blocks
from peftdiff.methods.initial import Initializer, check_size
from peftdiff.parameters import Count, Dropout


def build(
    model: VisionTransformer,
    *,
    generator: torch.Generator | None,
    prompts: Count = 10,
    deep: bool = True,
    dropout: Dropout = 0.0,
) -> None:
    """Insert `prompts` tokens before every block, or before the first one alone.

    VPT-deep replaces them in every block; VPT-shallow keeps the first ones. The
    published dropout is 0.1 for deep, 0 for shallow.
    """
    check_size("vpt: prompts", prompts)
    new = Initializer(model, generator)
    depth, width = len(transformer_blocks(model)), model.embed_dim
    # Xavier's bound for the patch embedding, whose outputs the prompts lie beside.
    pixels = math.prod(model.patch_embed.patch_size) * model.in_chans
    bound = math.sqrt(6 / (pixels + width))
    tokens = [new.uniform(bound, prompts, width) for _ in range(depth if deep else 1)]
    add_tokens(model, [*tokens, *[None] * (depth - len(tokens))], dropout)

"""Convpass-Attn: convolutional bypasses around attention alone (Jie and Deng 2022)."""

from __future__ import annotations

from typing import Annotated

import torch
from timm.models.vision_transformer import VisionTransformer

from peftdiff.methods.convpass import CONV_INITS, add_bypasses
from peftdiff.parameters import Count, Dropout, OneOf


def build(
    model: VisionTransformer,
    *,
    generator: torch.Generator | None,
    hidden: Count = 8,
    scale: float = 1.0,
    conv_init: Annotated[str, OneOf(CONV_INITS)] = "xavier",
    dropout: Dropout = 0.0,
) -> None:
    """Add bypasses of `hidden` channels to attention (published dropout: 0.1).

    The parameters are those of Convpass, whose published attention-only form always
    starts the convolution xavier-uniform.
    """
    add_bypasses(
        model,
        generator,
        (1,),
        hidden=hidden,
        scale=scale,
        conv_init=conv_init,
        dropout=dropout,
    )

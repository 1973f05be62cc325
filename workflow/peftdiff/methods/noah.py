"""NOAH: Adapter, LoRA and VPT together, with sizes that are searched for each layer.

Zhang et al. 2022 search the sizes with an evolutionary algorithm, as
`peftdiff.stages.noah` does; here they are given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import torch
from timm.models.vision_transformer import VisionTransformer

from peftdiff.methods.adapter import Adapter
from peftdiff.methods.attachments import (
    add_after,
    add_delta,
    add_tokens,
    linear_layer,
    transformer_blocks,
)
from peftdiff.methods.initial import Initializer, check_size
from peftdiff.methods.lora import INITS, LowRank
from peftdiff.parameters import Dropout, Natural, OneOf

PRESETS = {
    "imagenet": {"adapter": [10, 10, 50], "lora": [5, 10, 10], "prompts": [5, 10, 10]}
}
"""Published sizes of the first layers; those of the others are zero. "imagenet" is the
subnet of the 16-shot ImageNet experiment."""

DRAWN_PROMPTS = 100  # of each layer in the published code, whatever number is used

Sizes = Natural | Sequence[Natural]


def build(
    model: VisionTransformer,
    *,
    generator: torch.Generator | None,
    preset: Annotated[str, OneOf(PRESETS)] = "imagenet",
    adapter: Sizes | None = None,
    lora: Sizes | None = None,
    prompts: Sizes | None = None,
    init: Annotated[str, OneOf(INITS)] = "zero",
    dropout: Dropout = 0.0,
) -> None:
    """Attach the three modules with a preset's sizes, or with given ones.

    `adapter` (hidden units), `lora` (rank) and `prompts` (tokens) each override the
    preset: one number for all layers, or one number for each; a layer of size zero goes
    without the module. Prompts stay in the sequence where the next layer has none. The
    published dropout is 0.1 in all three.

    `init="zero"` starts LoRA at zero, as `lora` does, and draws the prompts of a layer
    as many as there are. `init="noah"` is what the published code does in effect:
    LoRA's A and B are both drawn, as by the `init` of `lora`, and the prompts are the
    first ones of 100, which makes their values smaller.
    """
    if preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise ValueError(f"noah: unknown preset {preset!r}; the presets are: {known}")
    if init not in INITS:
        raise ValueError(f"noah: init must be one of {', '.join(INITS)}, got {init!r}")
    blocks, width = transformer_blocks(model), model.embed_dim
    given = {"adapter": adapter, "lora": lora, "prompts": prompts}
    sizes = {k: layer_sizes(k, v, preset, len(blocks)) for k, v in given.items()}
    new = Initializer(model, generator)
    for block, hidden, rank in zip(
        blocks, sizes["adapter"], sizes["lora"], strict=True
    ):
        if hidden:
            add_after(block, 2, adapter=Adapter(new, width, hidden, dropout))
        if rank:
            layer = linear_layer(block, "attn.qkv")
            add_delta(block, "attn.qkv", LowRank(new, layer, rank, dropout, init))
    # NOAH draws the prompts of a layer xavier-uniform as a tensor (1, n, D).
    drawn = [DRAWN_PROMPTS if init == "noah" else n for n in sizes["prompts"]]
    tokens = [
        new.uniform(math.sqrt(6 / (of * width + width)), n, width) if n else None
        for n, of in zip(sizes["prompts"], drawn, strict=True)
    ]
    add_tokens(model, tokens, dropout)


def layer_sizes(module: str, given: Sizes | None, preset: str, depth: int) -> list[int]:
    """Return a module's size in each of `depth` layers.

    Raises
    ------
    ValueError
        If there are not `depth` sizes, or one is negative.
    """
    if given is None:
        published = PRESETS[preset][module]
        sizes = published + [0] * (depth - len(published))
    else:
        sizes = [given] * depth if isinstance(given, int) else list(given)
    if len(sizes) != depth:
        raise ValueError(
            f"noah: '{module}' has {len(sizes)} sizes for the backbone's {depth} layers"
        )
    for size in sizes:
        check_size(f"noah: {module}", size, least=0)
    return sizes

"""The backbone: a timm vision transformer, how it is built, and what it is fed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from timm.layers import DropPath
from timm.models.vision_transformer import Block, VisionTransformer
from torch import Tensor, nn

from peftdiff.runtime import UserError

SHORT_SEQUENCE = 64  # patches


class LastBlock(Block):
    """A last block whose MLP sees the prefix tokens (class, registers) alone.

    The features are the class token's: of the patches, the last block needs no more
    than keys and values.
    """

    prefix: int

    def forward(
        self,
        x: Tensor,
        attn_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return the prefix tokens (batch, prefix, D) for x (batch, tokens, D)."""
        branch = self.attn(self.norm1(x), attn_mask=attn_mask, is_causal=is_causal)
        x = (x + self.drop_path1(self.ls1(branch)))[:, : self.prefix]
        return x + self.drop_path2(self.ls2(self.mlp(self.norm2(x))))


def build_backbone(architecture: Mapping[str, int]) -> VisionTransformer:
    """Return an untrained vision transformer without a head.

    Parameters
    ----------
    architecture
        image_size, patch_size (pixels), width (D), depth (blocks), heads.
    """
    model = VisionTransformer(
        img_size=architecture["image_size"],
        patch_size=architecture["patch_size"],
        embed_dim=architecture["width"],
        depth=architecture["depth"],
        num_heads=architecture["heads"],
        num_classes=0,
    )
    # timm's fused attention is made for long sequences: with the 17 tokens of a 32 x 32
    # image, training on a CPU takes a third longer than with plain products.
    if model.patch_embed.num_patches <= SHORT_SEQUENCE:
        for block in model.blocks:
            block.get_submodule("attn").fused_attn = False  # type: ignore[assignment]
    last = model.blocks[-1]
    last.__class__ = LastBlock  # the same parameters under the same names
    last.prefix = model.num_prefix_tokens  # type: ignore[assignment]
    return model


def set_head(
    model: VisionTransformer, classes: int, generator: torch.Generator
) -> None:
    """Give a model a new linear head with weights and biases in +-1/sqrt(D)."""
    model.reset_classifier(classes)
    bound = model.num_features**-0.5
    with torch.no_grad():
        for parameter in model.get_classifier().parameters():
            parameter.uniform_(-bound, bound, generator=generator)


def set_drop_path(model: VisionTransformer, rate: float) -> None:
    """Drop the branches of whole images at random while the model trains.

    The rates rise linearly over the blocks, from 0 to `rate`, as timm's do. This comes
    before a method is attached: an adapter works on what is left of its branch, and a
    bypass of Convpass takes the rate over and has draws of its own.
    """
    depth = len(model.blocks)
    for place, block in enumerate(model.blocks):
        own = rate * place / max(depth - 1, 1)
        for branch in ("drop_path1", "drop_path2"):
            setattr(block, branch, DropPath(own) if own > 0 else nn.Identity())


def load_backbone(
    model: VisionTransformer, weights: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Copy weights into a backbone; every one must be there and fit.

    Raises
    ------
    UserError
        Naming the first tensor that is missing, unknown or of another shape.
    """
    state = model.state_dict()
    for name in sorted(state.keys() ^ weights.keys()):
        what = "lack" if name in state else "hold an unknown"
        raise UserError(
            f"the backbone's weights {what} '{name}'; they belong to another"
            " architecture than config key 'backbone.architecture'"
        )
    for name, tensor in state.items():
        if tuple(tensor.shape) != weights[name].shape:
            raise UserError(
                f"the backbone's weights hold '{name}' of shape {weights[name].shape},"
                f" config key 'backbone.architecture' asks for {tuple(tensor.shape)}"
            )
    model.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})


def head_inputs(model: nn.Module, x: Tensor) -> Tensor:
    """Return the features (n, D) that the head receives for input x (n, 3, h, w)."""
    tokens = model.forward_features(x)  # type: ignore[operator]
    return model.forward_head(tokens, pre_logits=True)  # type: ignore[operator]


def to_input(images: Tensor, mean: float, std: float) -> Tensor:
    """Turn uint8 images (n, h, w, 3) into normalized float32 input (n, 3, h, w)."""
    return images.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std)

"""The backbone: a timm vision transformer, how it is built, and what it is fed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from peftdiff.runtime import UserError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from timm.models.vision_transformer import VisionTransformer
    from torch import Tensor


SHORT_SEQUENCE = 64  # patches


def build_backbone(architecture: Mapping[str, int]) -> VisionTransformer:
    """Return an untrained vision transformer without a head.

    Parameters
    ----------
    architecture
        image_size, patch_size (pixels), width (D), depth (blocks), heads.
    """
    from timm.models.vision_transformer import VisionTransformer

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
    return model


def set_head(
    model: VisionTransformer, classes: int, generator: torch.Generator
) -> None:
    """Give a model a new linear head with weights and biases in +-1/sqrt(D)."""
    import torch

    model.reset_classifier(classes)
    bound = model.num_features**-0.5
    with torch.no_grad():
        for parameter in model.get_classifier().parameters():
            parameter.uniform_(-bound, bound, generator=generator)


def load_backbone(
    model: VisionTransformer, weights: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Copy weights into a backbone; every one must be there and fit.

    Raises
    ------
    UserError
        Naming the first tensor that is missing, unknown or of another shape.
    """
    import torch

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


def to_input(images: Tensor, mean: float, std: float) -> Tensor:
    """Turn uint8 images (n, h, w, 3) into normalized float32 input (n, 3, h, w)."""
    return images.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std)

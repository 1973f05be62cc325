"""The backbone: a timm vision transformer, how it is built, and what it is fed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import timm
import torch
from timm.layers import DropPath
from timm.models.vision_transformer import Block, VisionTransformer
from torch import Tensor, nn

from peftdiff.data.normalization import PerChannel, channels
from peftdiff.runtime import UserError

KEY = "config key 'backbone.architecture'"
EXAMPLE = "vit_base_patch16_224.orig_in21k"
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


def build_backbone(architecture: Mapping[str, Any]) -> VisionTransformer:
    """Return an untrained vision transformer without a head.

    Parameters
    ----------
    architecture
        image_size, patch_size (pixels), width (D), depth (blocks), heads; or the name
        of one of timm's and its image_size.
    """
    if "name" in architecture:
        model = create_named(architecture["name"], architecture["image_size"])
        lay_out_images(model)
    else:
        model = VisionTransformer(
            img_size=architecture["image_size"],
            patch_size=architecture["patch_size"],
            embed_dim=architecture["width"],
            depth=architecture["depth"],
            num_heads=architecture["heads"],
            num_classes=0,
        )
    apply_speedups(model)
    return model


def apply_speedups(model: VisionTransformer) -> None:
    """Let a model compute the same features with less work."""
    # timm's fused attention is made for long sequences: with the 17 tokens of a 32 x 32
    # image, training on a CPU takes a third longer than with plain products.
    if model.patch_embed.num_patches <= SHORT_SEQUENCE:
        for block in model.blocks:
            block.get_submodule("attn").fused_attn = False  # type: ignore[assignment]
    last = model.blocks[-1]
    last.__class__ = LastBlock  # the same parameters under the same names
    last.prefix = model.num_prefix_tokens  # type: ignore[assignment]


def lay_out_images(model: VisionTransformer) -> None:
    """Let the stem of a hybrid have its images channel by channel.

    Over images laid out pixel by pixel, as they come, torch 2.13 crashes on a CPU where
    it looks for the gradient of a group normalization's bias and not of its input.
    """
    if hasattr(model.patch_embed, "backbone"):
        model.patch_embed.register_forward_pre_hook(_channel_by_channel)


def _channel_by_channel(_module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0].contiguous(),)


def create_named(name: str, image_size: int) -> VisionTransformer:
    """Return timm's vision transformer of a name, untrained and without a head.

    Raises
    ------
    UserError
        Where timm has no such model, or one that the methods cannot hook into: they
        need the plain blocks, and the embedding is the class token.
    """
    try:
        model: Any = timm.create_model(name, num_classes=0, img_size=image_size)
    except RuntimeError as error:  # neither such a name nor such a tag
        reason = str(error).rstrip(".")
        raise UserError(f"{KEY} is '{name}': {reason}{suggest_names(name)}") from None
    except (TypeError, ValueError, AssertionError):  # not made of so many patches
        model = None
    if type(model) is not VisionTransformer:
        _refuse(name, "is no plain VisionTransformer of timm")
    if not all(type(block) is Block for block in model.blocks):
        _refuse(name, "has blocks of another kind than timm's plain Block")
    if model.global_pool != "token":
        pooling = model.global_pool or "nothing"
        _refuse(name, f"pools '{pooling}' in place of its class token")
    if hasattr(getattr(model.patch_embed, "backbone", None), "pretrained_cfg"):
        _refuse(name, "has a stem with weights of its own, which timm would fetch")
    patch = model.patch_embed.patch_size[0]
    if image_size % patch:
        raise UserError(
            f"config key 'backbone.image_size' is {image_size}; it must be a multiple"
            f" of {patch}, the patch size of '{name}'"
        )
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


def to_input(images: Tensor, mean: PerChannel, std: PerChannel) -> Tensor:
    """Turn uint8 images (n, h, w, 3) into normalized float32 input (n, 3, h, w).

    `mean` and `std` are numbers, or one number per channel.
    """
    x = images.permute(0, 3, 1, 2).float().div_(255)
    if not isinstance(mean, Sequence) and not isinstance(std, Sequence):
        return x.sub_(mean).div_(std)
    # Numbers and no tensor, which a GPU would have to wait for.
    levels = zip(channels(mean), channels(std), strict=True)
    for channel, (shift, scale) in enumerate(levels):
        x[:, channel].sub_(shift).div_(scale)
    return x


def suggest_names(name: str) -> str:
    """Return the question after the names of timm's that are most alike."""
    known = timm.list_models(pretrained=True) + timm.list_models()
    found = difflib.get_close_matches(name, known, 3, cutoff=0.7)
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else ""


def _refuse(name: str, reason: str) -> NoReturn:
    raise UserError(
        f"{KEY} is '{name}', which {reason}; name a vision transformer of timm that"
        f" pools its class token, such as '{EXAMPLE}'"
    )

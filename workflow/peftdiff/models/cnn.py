"""The CNN whose embeddings are compared with the transformers': a timm architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import timm
import torch
from timm.models.resnet import BasicBlock, ResNet
from torch import Tensor, nn

from peftdiff.data.normalization import PerChannel
from peftdiff.runtime import UserError

KEY = "config key 'studies.cnn.architecture'"

Architecture = str | Mapping[str, Sequence[int]]


class Renormalized(nn.Module):
    """A model trained on input normalized otherwise than ours, fed with ours.

    Parameters
    ----------
    model
        A timm model; its features alone are used.
    ours
        (mean, std) by which its input is normalized: numbers, or one per channel.
    theirs
        (means, stds) of each channel that it was trained with.
    """

    def __init__(
        self,
        model: nn.Module,
        ours: tuple[PerChannel, PerChannel],
        theirs: tuple[Sequence[float], Sequence[float]],
    ) -> None:
        super().__init__()
        self.model = model
        self.num_features = model.num_features
        mean, std = (torch.tensor(values)[:, None, None] for values in theirs)
        our_mean, our_std = (torch.tensor(values).view(-1, 1, 1) for values in ours)
        self.register_buffer("scale", our_std / std)
        self.register_buffer("shift", (our_mean - mean) / std)

    def forward_features(self, x: Tensor) -> Tensor:
        """Return the last feature maps for x (n, 3, h, w)."""
        return self.model.forward_features(x * self.scale + self.shift)  # type: ignore[operator]

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Return the pooled features of feature maps."""
        return self.model.forward_head(x, pre_logits=pre_logits)  # type: ignore[operator]


def build_cnn(architecture: Architecture) -> nn.Module:
    """Return an untrained CNN without a head.

    Parameters
    ----------
    architecture
        timm's name of one, or the sizes of a small ResNet: `blocks` (basic ones) and
        `channels` of each stage, both of four numbers.
    """
    if isinstance(architecture, str):
        return timm.create_model(architecture, pretrained=False, num_classes=0)
    return ResNet(
        BasicBlock,  # type: ignore[arg-type]
        tuple(architecture["blocks"]),
        num_classes=0,
        channels=tuple(architecture["channels"]),
        # Three small products instead of one of 7 x 7, which is made for large images.
        stem_type="deep",
        stem_width=architecture["channels"][0] // 2,
    )


def fetch_cnn(name: str) -> dict[str, np.ndarray[Any, Any]]:
    """Return the weights of a pre-trained CNN from timm's hub.

    Raises
    ------
    UserError
        Where timm knows no such model, or the hub cannot be reached.
    """
    try:
        model = timm.create_model(name, pretrained=True, num_classes=0)
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(
            f"timm gives no weights for '{name}' ({KEY}): {error};"
            " name one of timm's pre-trained models, and connect to the network once"
        ) from None
    return {key: value.numpy() for key, value in model.state_dict().items()}


def load_cnn(
    architecture: Architecture,
    weights: Mapping[str, np.ndarray[Any, Any]],
    ours: tuple[PerChannel, PerChannel],
) -> nn.Module:
    """Return a trained CNN that takes input normalized by (mean, std) `ours`."""
    model = build_cnn(architecture)
    try:
        model.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})
    except RuntimeError:
        raise UserError(
            f"the CNN's weights belong to another architecture than {KEY};"
            " delete models/cnn.safetensors and start again"
        ) from None
    if not isinstance(architecture, str):
        return model
    trained: Any = model.pretrained_cfg
    return Renormalized(model, ours, (trained["mean"], trained["std"]))

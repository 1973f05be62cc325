"""BitFit: the biases alone train (Ben Zaken et al. 2022)."""

from __future__ import annotations

import torch
from timm.models.vision_transformer import VisionTransformer

from peftdiff.methods.attachments import unfreeze


def build(model: VisionTransformer, *, generator: torch.Generator | None) -> None:
    """Train every bias, those of the norms and of the patch embedding included.

    The gradient of the key's third of a qkv bias is zero, as that shifts all attention
    logits of a query alike.
    """
    unfreeze(model, lambda name: "bias" in name)

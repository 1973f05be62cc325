"""Full fine-tuning: every parameter trains."""

from __future__ import annotations

import torch
from timm.models.vision_transformer import VisionTransformer

from peftdiff.methods.attachments import unfreeze


def build(model: VisionTransformer, *, generator: torch.Generator | None) -> None:
    """Train everything."""
    unfreeze(model, lambda name: True)

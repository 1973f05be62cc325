"""Linear probe: the head alone trains, on the frozen backbone's features."""

from __future__ import annotations

import torch
from timm.models.vision_transformer import VisionTransformer


def build(model: VisionTransformer, *, generator: torch.Generator | None) -> None:
    """Add nothing."""

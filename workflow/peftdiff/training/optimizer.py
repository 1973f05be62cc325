"""The optimizer: AdamW, whose rates rise, then fall, for head and method alike."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from peftdiff.training.recipe import Recipe


def build_optimizer(model: nn.Module, recipe: Recipe) -> Optimizer:
    """Return the optimizer of what trains; each group has its `base_learning_rate`."""
    head_rate = recipe.head_learning_rate or recipe.learning_rate
    head = {id(parameter) for parameter in model.get_classifier().parameters()}  # type: ignore[operator]
    trained = [p for p in model.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {
            "params": [p for p in trained if (id(p) in head) == of_head],
            "base_learning_rate": rate,
        }
        for of_head, rate in ((False, recipe.learning_rate), (True, head_rate))
    ]
    groups = [group for group in groups if group["params"]]
    return AdamW(
        groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )


def learning_rate_factor(step: int, steps: int, warmup: float) -> float:
    """Return the share of the full learning rate at a step.

    It rises linearly over a share `warmup` of the steps, and falls as a cosine.
    """
    rising = warmup * steps
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def optimizer_step(optimizer: Optimizer, loss: Tensor, share: float) -> None:
    """Take one step down the gradient of a loss, at a share of the full rates."""
    for group in optimizer.param_groups:
        group["lr"] = share * group["base_learning_rate"]
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()

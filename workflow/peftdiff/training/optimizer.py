"""The optimizer: AdamW, whose rates rise, then fall, for head and method alike."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from peftdiff.training.recipe import Recipe

# Of the schedule of the methods' authors, absolute.
TIMM_FIRST_RATE, TIMM_LAST_RATE = 1e-6, 1e-5


def build_optimizer(model: nn.Module, recipe: Recipe) -> Optimizer:
    """Return the optimizer of what trains; each group has its `base_learning_rate`."""
    head_rate = recipe.head_learning_rate or recipe.learning_rate
    head = {id(parameter) for parameter in model.get_classifier().parameters()}  # type: ignore[operator]
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    sorts: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in trained:
        spared = recipe.decay == "matrices" and (
            parameter.ndim <= 1 or name.endswith("bias")
        )
        sorts.setdefault((id(parameter) in head, spared), []).append(parameter)
    groups: list[dict[str, Any]] = [
        {
            "params": parameters,
            "base_learning_rate": head_rate if of_head else recipe.learning_rate,
        }
        | ({"weight_decay": 0.0} if spared else {})
        for (of_head, spared), parameters in sorted(sorts.items(), key=_first)
    ]
    return AdamW(
        groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )


def _first(item: tuple[tuple[bool, bool], Any]) -> tuple[bool, bool]:
    return item[0]


def share_of_rates(recipe: Recipe, step: int, steps: int) -> float:
    """Return the share of the full learning rates at a step, of `steps` an epoch.

    By the schedule "steps" it changes with each step (`learning_rate_factor`); by
    "timm" with each epoch, as where the methods' authors call timm's
    (`timm_learning_rate`).
    """
    if recipe.schedule == "timm":
        rate = timm_learning_rate(
            step // steps, recipe.epochs, recipe.warmup, recipe.learning_rate
        )
        return rate / recipe.learning_rate
    return learning_rate_factor(step, recipe.epochs * steps, recipe.warmup)


def timm_learning_rate(epoch: int, epochs: int, warmup: float, highest: float) -> float:
    """Return the learning rate of an epoch in the code of NOAH, Convpass and FacT.

    It rises from 1e-6 in a share `warmup` of the epochs. The cosine to 1e-5 began with
    the first epoch, so that the highest rate is not reached; and every epoch has the
    rate that timm's schedule gives the one before, since that is called at its end.
    """
    before, rising = max(epoch - 1, 0), round(warmup * epochs)
    if before < rising:
        return TIMM_FIRST_RATE + before * (highest - TIMM_FIRST_RATE) / rising
    falling = 0.5 * (1 + math.cos(math.pi * before / epochs))
    return TIMM_LAST_RATE + falling * (highest - TIMM_LAST_RATE)


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

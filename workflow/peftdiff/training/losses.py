"""What training lowers: the cross-entropy, of one label or of several at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor, float], Tensor]  # of logits, labels and smoothing


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Return the mean cross-entropy of a batch, labels smoothed."""
    return nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)


def factored_cross_entropy(classes: tuple[int, ...], weights: list[float]) -> Loss:
    """Return a loss over several labels at once, whose logits stand side by side.

    Parameters
    ----------
    classes
        The number of classes of each factor; the logits are their sum wide.
    weights
        The weight of each factor's cross-entropy.
    """

    def loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        parts = logits.split(list(classes), dim=1)
        terms = [
            weight * cross_entropy(part, labels[:, factor], smoothing)
            for factor, (part, weight) in enumerate(zip(parts, weights, strict=True))
        ]
        return torch.stack(terms).sum()

    return loss

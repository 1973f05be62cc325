"""The state of a run under way: what training changes, and how a run goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from peftdiff.runtime import logger


class Checkpoint(Protocol):
    """Where a run's state is kept while it is under way."""

    def save(self, tensors: Mapping[str, NDArray[Any]], epoch: int) -> None:
        """Remember the state after `epoch` epochs."""

    def load(self) -> tuple[dict[str, NDArray[Any]], int] | None:
        """Return the last state and its epoch, or None."""


def state_of(
    model: nn.Module, optimizer: Optimizer, seconds: float
) -> dict[str, NDArray[Any]]:
    """Return a run's state after so many seconds of training."""
    tensors = {k: v.cpu().numpy() for k, v in _named_state(model, optimizer)}
    return tensors | {"seconds": np.array([seconds])}


def resume(
    model: nn.Module,
    optimizer: Optimizer,
    checkpoint: Checkpoint | None,
    steps: int,
) -> tuple[int, float]:
    """Restore a checkpoint's state; return the epochs done and their seconds.

    `steps` are those of an epoch. Without a state nothing is done.
    """
    state = checkpoint.load() if checkpoint is not None else None
    if state is None:
        return 0, 0.0
    tensors, epoch = state
    for parameter in (p for p in model.parameters() if p.requires_grad):
        optimizer.state[parameter] = {
            "step": torch.tensor(float(epoch * steps), device=parameter.device),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }
    with torch.no_grad():
        for name, tensor in _named_state(model, optimizer):
            tensor.copy_(torch.from_numpy(tensors[name]))
    logger.info("resumed after epoch %d", epoch)
    return epoch, float(tensors["seconds"][0])


def _named_state(
    model: nn.Module, optimizer: Optimizer
) -> Iterator[tuple[str, Tensor]]:
    """Name every tensor that training changes, the optimizer's moments included."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            yield f"parameter/{name}", parameter.data
            for moment in ("exp_avg", "exp_avg_sq"):
                yield f"{moment}/{name}", optimizer.state[parameter][moment]
    for name, buffer in model.named_buffers():
        yield f"buffer/{name}", buffer

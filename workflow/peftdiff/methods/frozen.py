"""What a frozen backbone keeps beside its parameters: the statistics of its layers."""

from __future__ import annotations

from types import MethodType

from torch import nn


def freeze_statistics(model: nn.Module) -> None:
    """Keep the running means and variances of a model, also while it trains.

    Its normalization layers with such statistics, as some hybrids have, stay in eval
    mode, whatever mode the model is set to. No method trains what they hold, so that a
    method's parameters and the backbone's weights are the whole model.
    """
    for layer in _layers_with_statistics(model):
        vars(layer)["train"] = MethodType(_stay_in_eval_mode, layer)


def release_statistics(model: nn.Module) -> None:
    """Let the model's statistics follow what it is trained on again."""
    for layer in _layers_with_statistics(model):
        vars(layer).pop("train", None)


def _layers_with_statistics(model: nn.Module) -> list[nn.Module]:
    layers = model.modules()
    return [layer for layer in layers if hasattr(layer, "running_mean")]


def _stay_in_eval_mode(layer: nn.Module, mode: bool = True) -> nn.Module:
    return nn.Module.train(layer, False)

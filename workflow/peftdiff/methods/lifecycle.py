"""Attach a method to a model, get and set its weights, fold it into the backbone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from peftdiff.methods import METHODS, hyperparameters
from peftdiff.methods.attachments import fold_deltas
from peftdiff.methods.frozen import freeze_statistics, release_statistics

_RECORD = "attached_method"  # the attribute of a model that holds its Attached


@dataclass(frozen=True)
class Attached:
    """The method that a model carries: its slug, and the names of its parameters."""

    method: str
    parameters: tuple[str, ...]


def attach(
    model: VisionTransformer,
    method: str,
    *,
    generator: torch.Generator | None = None,
    **hyperparameters: Any,
) -> VisionTransformer:
    """Freeze a model except for a method's own parameters and the head.

    Running statistics of the model's own layers are frozen whatever the method.
    The model is changed in place: load the backbone's weights before. New parameters
    are drawn on the generator's device, so that they are the same on every device.

    Parameters
    ----------
    model
        A timm vision transformer with pre-norm blocks, of any size.
    method
        A slug of METHODS.
    generator
        Draws the initial values; None is torch's default generator.
    **hyperparameters
        Keywords of the method's `build` function; those not given have its defaults.

    Returns
    -------
    VisionTransformer
        The same model.

    Raises
    ------
    ValueError
        For an unknown method or hyper-parameter, a value that does not fit the model,
        or a model that carries a method already.
    """
    _check_hyperparameters(method, hyperparameters)
    if (present := _attached(model)) is not None:
        raise ValueError(
            f"cannot attach '{method}': the model carries '{present.method}' already;"
            " attach to a fresh backbone"
        )
    model.requires_grad_(False)
    freeze_statistics(model)
    build = import_module(f"peftdiff.methods.{method}").build
    build(model, generator=generator, **hyperparameters)
    vars(model)[_RECORD] = Attached(method, tuple(_trainable(model)))
    for parameter in _head(model):
        parameter.requires_grad_(True)
    return model.train(model.training)  # new modules start in training mode


def trainable_parameters(model: VisionTransformer) -> int:
    """Return the number of trainable parameters, without the head's."""
    return sum(parameter.numel() for parameter in _trainable(model).values())


def method_state(model: VisionTransformer) -> dict[str, Tensor]:
    """Return copies of the tensors that the attached method trains, without the head.

    Raises
    ------
    ValueError
        If the model carries no method.
    """
    return {name: p.detach().clone() for name, p in _own_parameters(model).items()}


def load_method_state(model: VisionTransformer, state: Mapping[str, Tensor]) -> None:
    """Copy the tensors of `method_state` into a model with the same method.

    Raises
    ------
    ValueError
        Naming a tensor that is missing, unknown or of another shape, or if the model
        carries no method; the model is unchanged then.
    """
    own, attached = _own_parameters(model), _require_attached(model)
    where = f"the weights do not fit method '{attached.method}':"
    for name in sorted(own.keys() ^ state.keys()):
        fault = "is missing" if name in own else "is unknown"
        raise ValueError(f"{where} tensor '{name}' {fault}")
    for name, parameter in own.items():
        if state[name].shape != parameter.shape:
            shapes = f"{tuple(state[name].shape)}, not {tuple(parameter.shape)}"
            raise ValueError(f"{where} tensor '{name}' has shape {shapes}")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(state[name])


def merge(model: VisionTransformer) -> VisionTransformer:
    """Fold a mergeable method into the backbone's weights, in place.

    Returns
    -------
    VisionTransformer
        The same model, again an ordinary timm model, which computes what it did with
        the method.

    Raises
    ------
    ValueError
        If the model carries no method, or one that is more than a change of weights.
    """
    method = _require_attached(model).method
    if not METHODS[method].mergeable:
        mergeable = ", ".join(slug for slug, m in METHODS.items() if m.mergeable)
        raise ValueError(f"method '{method}' cannot be merged; these can: {mergeable}")
    fold_deltas(model)
    release_statistics(model)
    del vars(model)[_RECORD]
    return model


def _check_hyperparameters(method: str, given: Mapping[str, Any]) -> None:
    known = hyperparameters(method)
    for name in given:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise ValueError(
                f"method '{method}' has no hyper-parameter '{name}'; it has: {allowed}"
            )


def _head(model: VisionTransformer) -> list[nn.Parameter]:
    classifier: Any = model.get_classifier()
    # A distilled model has two classifiers.
    modules = classifier if isinstance(classifier, tuple) else (classifier,)
    return [parameter for module in modules for parameter in module.parameters()]


def _trainable(model: VisionTransformer) -> dict[str, nn.Parameter]:
    head = {id(parameter) for parameter in _head(model)}
    named = model.named_parameters()
    return {k: p for k, p in named if p.requires_grad and id(p) not in head}


def _own_parameters(model: VisionTransformer) -> dict[str, nn.Parameter]:
    parameters = dict(model.named_parameters())
    return {name: parameters[name] for name in _require_attached(model).parameters}


def _attached(model: VisionTransformer) -> Attached | None:
    return vars(model).get(_RECORD)


def _require_attached(model: VisionTransformer) -> Attached:
    if (attached := _attached(model)) is None:
        raise ValueError("the model carries no method; attach one first")
    return attached

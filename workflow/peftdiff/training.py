"""Training: one model, one labelled set of images, one recipe, one seed.

The data order, the augmentation and the dropout of an epoch are functions of the seed
and the epoch's number alone, so a run resumed after any epoch ends with the numbers of
an undisturbed one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from peftdiff.backbones import head_inputs, to_input
from peftdiff.imagesets import Images, batches
from peftdiff.runtime import Setting, Stopwatch, UserError, digest, logger

Loss = Callable[[Tensor, Tensor, float], Tensor]
Batch = tuple[
    Tensor, Tensor, torch.Generator
]  # input or images, labels, random numbers
Draw = Callable[[int, int, int], Iterator[Batch]]  # of batch size, seed and epoch


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: AdamW, linear warm-up, then a cosine to zero."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    head_learning_rate: float | None = None  # None: as `learning_rate`
    warmup: float = 0.1  # share of all steps
    label_smoothing: float = 0.0
    flips: bool = False  # random horizontal and vertical flips
    drop_path: float = 0.0  # of the last block, see `backbones.set_drop_path`
    augmentation: Mapping[str, Any] | None = None  # parts of `augmentation.Augmented`


class Checkpoint(Protocol):
    """Where a run's state is kept while it is under way."""

    def save(self, tensors: Mapping[str, NDArray[Any]], epoch: int) -> None:
        """Remember the state after `epoch` epochs."""

    def load(self) -> tuple[dict[str, NDArray[Any]], int] | None:
        """Return the last state and its epoch, or None."""


def generator(seed: int, *purpose: str | int) -> torch.Generator:
    """Return a random generator for one purpose of one seed."""
    number = int(digest([seed, *purpose])[:15], 16)
    return torch.Generator().manual_seed(number)


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


def fit(
    model: nn.Module,
    images: Images,
    recipe: Recipe,
    *,
    seed: int,
    name: str,
    setting: Setting,
    checkpoint: Checkpoint | None = None,
    loss: Loss = cross_entropy,
    before_step: Callable[[int], None] | None = None,
    size: int | None = None,
    workers: int = 0,
) -> float:
    """Train a model's trainable parameters in place; the model ends in eval mode.

    Parameters
    ----------
    model
        A timm model; what does not require gradients stays as it is.
    seed
        Seeds data order, augmentation and dropout: the same for every method.
    name
        What the progress lines call this run.
    checkpoint
        Where to resume from, and to keep the state after each epoch.
    before_step
        Called before each step with its number, which goes on over all epochs.
    size
        Height and width of the model's input, to which larger images are cropped; None:
        that of the images.
    workers
        Processes that augment images, if the recipe says so; the result is the same.

    Returns
    -------
    float
        Seconds of training, those before an interruption included.

    Raises
    ------
    UserError
        Where the loss is no longer finite.
    """
    model.to(setting.device)
    draw, forward = _prepare(model, images, recipe, setting, size, workers)
    batch_size = min(recipe.batch_size, len(images.labels))
    steps = len(images.labels) // batch_size
    optimizer = _optimizer(model, recipe)
    start, seconds = _resume(model, optimizer, checkpoint, steps)
    for epoch in range(start, recipe.epochs):
        watch = Stopwatch()
        total = torch.zeros((), device=setting.device)
        model.train()
        torch.manual_seed(int(digest([seed, "dropout", epoch])[:15], 16))
        for step, batch in enumerate(draw(batch_size, seed, epoch)):
            if before_step is not None:
                before_step(epoch * steps + step)
            rate = _rate(epoch * steps + step, recipe.epochs * steps, recipe.warmup)
            total += _step(forward, optimizer, batch, recipe, setting, loss, rate)
        mean_loss = float(total) / steps  # waits for the device: the time is whole
        seconds += watch.seconds()
        _report(name, epoch, recipe.epochs, mean_loss, steps * batch_size, watch)
        if checkpoint is not None and epoch + 1 < recipe.epochs:
            checkpoint.save(_state(model, optimizer, seconds), epoch + 1)
    model.eval()
    return seconds


@torch.no_grad()
def accuracy(
    model: nn.Module, images: Images, *, setting: Setting, batch_size: int = 250
) -> float:
    """Return the percentage of images whose label the model names."""
    model.to(setting.device).eval()
    labels = torch.from_numpy(np.array(images.labels)).to(setting.device)
    correct = torch.zeros((), device=setting.device)
    for batch, read in batches(images.pixels, batch_size):
        pixels = on_device(read, setting.device)
        with autocast(setting):
            logits = model(to_input(pixels, images.mean, images.std))
        correct += (logits.argmax(1) == labels[batch]).sum()
    return 100 * float(correct) / len(labels)


def autocast(setting: Setting) -> torch.autocast:
    """Return the context in which a model computes at the setting's precision."""
    dtype = torch.float32 if setting.precision == "float32" else torch.bfloat16
    enabled = dtype != torch.float32
    return torch.autocast(setting.device, dtype if enabled else None, enabled)


def on_device(array: NDArray[Any], device: str) -> Tensor:
    """Return an array as a tensor on a device; a GPU copies it while it computes."""
    tensor = torch.from_numpy(array)
    if device != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def _on_device(images: Images, device: str) -> tuple[Tensor, Tensor]:
    # The arrays may be read-only maps of a file, which torch would warn about.
    pixels = torch.from_numpy(np.array(images.pixels)).to(device)
    return pixels, torch.from_numpy(np.array(images.labels)).to(device)


def _prepare(
    model: nn.Module,
    images: Images,
    recipe: Recipe,
    setting: Setting,
    size: int | None,
    workers: int,
) -> tuple[Draw, Callable[[Tensor], Tensor]]:
    """Return what draws the batches of an epoch, and how they become logits.

    Where the head alone trains and nothing is random, the features never change: they
    are computed once.
    """
    if recipe.augmentation:
        return _augmented(images, recipe, setting, size, workers), model
    images = images.center(size) if size else images
    pixels, labels = _on_device(images, setting.device)

    def normalized(batch: Tensor) -> Tensor:
        return to_input(batch, images.mean, images.std)

    head = model.get_classifier()  # type: ignore[operator]
    owned = {id(parameter) for parameter in head.parameters()}
    trained = (p for p in model.parameters() if p.requires_grad)
    random = recipe.flips or any(
        getattr(module, rate, 0) > 0
        for module in model.modules()
        for rate in ("p", "drop_prob")
    )
    if random or any(id(parameter) not in owned for parameter in trained):
        draw = partial(_epoch, (pixels, labels))
        return draw, lambda batch: model(normalized(batch))
    model.eval()
    with torch.no_grad(), autocast(setting):
        batches = pixels.split(recipe.batch_size)
        features = [head_inputs(model, normalized(batch)).float() for batch in batches]
    return partial(_epoch, (torch.cat(features), labels)), head


def _epoch(
    data: tuple[Tensor, Tensor], batch_size: int, seed: int, epoch: int
) -> Iterator[tuple[Tensor, Tensor, torch.Generator]]:
    """Yield an epoch's full batches in the order of its seed; the rest is left out."""
    random = generator(seed, "order", epoch)
    order = torch.randperm(len(data[0]), generator=random).to(data[0].device)
    for batch in order.split(batch_size):
        if len(batch) == batch_size:
            yield data[0][batch], data[1][batch], random


def _augmented(
    images: Images, recipe: Recipe, setting: Setting, size: int | None, workers: int
) -> Draw:
    """Return a function as `_epoch`, whose batches are augmented and normalized."""
    from peftdiff.augmentation import Augmented

    parts, device = recipe.augmentation or {}, setting.device
    size = size or images.pixels.shape[1]
    augmented = Augmented(images, parts, size=size, device=device, workers=workers)

    def draw(batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        random = generator(seed, "order", epoch)
        order = torch.randperm(len(augmented), generator=random).split(batch_size)
        full = [batch.tolist() for batch in order if len(batch) == batch_size]
        for x, labels in augmented.epoch(full, seed, epoch):
            yield x, labels, random

    return draw


def _step(
    forward: Callable[[Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    batch: tuple[Tensor, Tensor, torch.Generator],
    recipe: Recipe,
    setting: Setting,
    loss: Loss,
    rate: float,
) -> Tensor:
    x, labels, random = batch
    if recipe.flips:
        x = _flip(x, random)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["full_rate"]
    with autocast(setting):
        logits = forward(x)
        value = loss(logits.float(), labels, recipe.label_smoothing)
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    optimizer.step()
    return value.detach()


def _flip(pixels: Tensor, random: torch.Generator) -> Tensor:
    for axis in (1, 2):
        chosen = torch.rand(len(pixels), generator=random) < 0.5
        chosen = chosen.to(pixels.device)[:, None, None, None]
        pixels = torch.where(chosen, pixels.flip(axis), pixels)
    return pixels


def _rate(step: int, steps: int, warmup: float) -> float:
    """Return the share of the full learning rate at a step."""
    rising = warmup * steps
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    head_rate = recipe.head_learning_rate or recipe.learning_rate
    head = {id(parameter) for parameter in model.get_classifier().parameters()}  # type: ignore[operator]
    trained = [p for p in model.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {
            "params": [p for p in trained if (id(p) in head) == of_head],
            "full_rate": rate,
        }
        for of_head, rate in ((False, recipe.learning_rate), (True, head_rate))
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(
        groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )


def _named_state(
    model: nn.Module, optimizer: torch.optim.Optimizer
) -> Iterator[tuple[str, Tensor]]:
    """Name every tensor that training changes, the optimizer's moments included."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            yield f"parameter/{name}", parameter.data
            for moment in ("exp_avg", "exp_avg_sq"):
                yield f"{moment}/{name}", optimizer.state[parameter][moment]
    for name, buffer in model.named_buffers():
        yield f"buffer/{name}", buffer


def _state(
    model: nn.Module, optimizer: torch.optim.Optimizer, seconds: float
) -> dict[str, NDArray[Any]]:
    tensors = {k: v.cpu().numpy() for k, v in _named_state(model, optimizer)}
    return tensors | {"seconds": np.array([seconds])}


def _resume(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    checkpoint: Checkpoint | None,
    steps: int,
) -> tuple[int, float]:
    """Restore a checkpoint's state; return the epochs done and their seconds."""
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


def _report(
    name: str, epoch: int, epochs: int, loss: float, images: int, watch: Stopwatch
) -> None:
    speed = images / watch.seconds()
    logger.info(
        "%s  epoch %2d/%d  loss %.4f  %5.0f images/s",
        name,
        epoch + 1,
        epochs,
        loss,
        speed,
    )
    if not math.isfinite(loss):
        raise UserError(
            f"the loss of {name} is not finite after epoch {epoch + 1};"
            " lower its learning rate in the configuration"
        )

"""The epochs of training: batch after batch, a line for each epoch."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from peftdiff.data.images import Images
from peftdiff.models.device import Setting, autocast
from peftdiff.runtime import Stopwatch, UserError, logger
from peftdiff.training.batches import make_batches
from peftdiff.training.checkpoint import Checkpoint, resume, state_of
from peftdiff.training.losses import Loss, cross_entropy
from peftdiff.training.optimizer import (
    build_optimizer,
    optimizer_step,
    share_of_rates,
)
from peftdiff.training.recipe import Recipe
from peftdiff.training.seeds import seed_for


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
    batches_of, learner = make_batches(
        model, images, recipe, setting, size=size, workers=workers
    )
    batch_size = min(recipe.batch_size, len(images.labels))
    steps = len(images.labels) // batch_size
    optimizer = build_optimizer(model, recipe)
    start, seconds = resume(model, optimizer, checkpoint, steps)
    for epoch in range(start, recipe.epochs):
        watch = Stopwatch()
        total = torch.zeros((), device=setting.device)
        model.train()
        torch.manual_seed(seed_for(seed, "dropout", epoch))
        batches = batches_of(batch_size, seed, epoch)
        for step, (x, labels) in enumerate(batches, epoch * steps):
            if before_step is not None:
                before_step(step)
            with autocast(setting):
                value = loss(learner(x).float(), labels, recipe.label_smoothing)
            share = share_of_rates(recipe, step, steps)
            optimizer_step(optimizer, value, share)
            total += value.detach()
        mean_loss = float(total) / steps  # waits for the device: the time is whole
        taken = watch.seconds()
        seconds += taken
        _report(name, epoch, recipe.epochs, mean_loss, steps * batch_size / taken)
        if checkpoint is not None and epoch + 1 < recipe.epochs:
            checkpoint.save(state_of(model, optimizer, seconds), epoch + 1)
    model.eval()
    return seconds


def _report(name: str, epoch: int, epochs: int, loss: float, speed: float) -> None:
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

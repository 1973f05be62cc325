"""The sides of ``benchmarks.models``: sizes, models of random weights, plain loops."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from peftdiff.data.images import Images
from peftdiff.methods import attach
from peftdiff.models.device import Setting, autocast, repeat_exactly
from peftdiff.models.vit import build_backbone, set_head, to_input
from peftdiff.runtime import Stopwatch
from peftdiff.training.recipe import Recipe
from peftdiff.training.seeds import generator

MEAN, STD = 0.5, 0.5


@dataclass(frozen=True)
class Size:
    """The model, the images of a task, the batches and the rounds of a measurement."""

    architecture: Mapping[str, int]
    images: int = 1000
    classes: int = 100
    embed_batch: int = 250
    train_batch: int = 64
    epochs: int = 4
    rounds: int = 3
    metric: str = "peftdiff"
    compiler: str = "inductor"
    hyperparameters: Mapping[str, Mapping[str, Any]] | None = None


PAPER = Size(
    {"image_size": 224, "patch_size": 16, "width": 768, "depth": 12, "heads": 12}
)
TINY = Size(
    {"image_size": 32, "patch_size": 8, "width": 16, "depth": 2, "heads": 2},
    images=60,
    classes=3,
    embed_batch=30,
    train_batch=20,
    epochs=1,
    rounds=1,
    compiler="eager",
    hyperparameters={"noah": {"adapter": 2, "lora": 2, "prompts": 2}},
)


def random_images(size: Size) -> Images:
    """Return a task's worth of noise, with labels."""
    random = np.random.default_rng(0)
    edge = size.architecture["image_size"]
    pixels = random.integers(0, 256, (size.images, edge, edge, 3), dtype=np.uint8)
    labels = np.arange(size.images) % size.classes
    names = tuple(str(label) for label in range(size.classes))
    return Images(pixels, labels, (names,), MEAN, STD, checksum="noise")


@contextlib.contextmanager
def as_in_a_job() -> Iterator[None]:
    """Let torch compute the same numbers each time, as jobs do."""
    repeat_exactly()
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@torch.inference_mode()
def bare_forward(model: nn.Module, size: Size, batches: int, setting: Setting) -> float:
    """Run forward passes over one batch on the device; return the seconds."""
    model.to(setting.device).eval()
    x = like(model, some_input(size, size.embed_batch, setting))
    watch = Stopwatch()
    for _ in range(batches):
        with autocast(setting):
            model(x)
    synchronize(setting)
    return watch.seconds()


def plain_loop(
    model: nn.Module, images: Images, recipe: Recipe, setting: Setting
) -> float:
    """Train in float32 from a DataLoader, as most code does; return the seconds."""
    from torch.utils.data import DataLoader, TensorDataset

    pixels = torch.from_numpy(np.array(images.pixels))
    data = TensorDataset(
        to_input(pixels, images.mean, images.std), torch.from_numpy(images.labels)
    )
    model.to(setting.device)
    on_gpu = setting.device == "cuda"
    loader = DataLoader(
        data, recipe.batch_size, shuffle=True, drop_last=True, pin_memory=on_gpu
    )
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=recipe.learning_rate, foreach=False)
    model.train()
    watch = Stopwatch()
    for _ in range(recipe.epochs):
        for x, labels in loader:
            logits = model(x.to(setting.device))
            loss = nn.functional.cross_entropy(logits, labels.to(setting.device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
    return watch.seconds()


def bare_passes(model: nn.Module, size: Size, steps: int, setting: Setting) -> float:
    """Run forward and backward passes over one batch; return the seconds."""
    model.to(setting.device)
    x = like(model, some_input(size, size.train_batch, setting))
    labels = torch.arange(size.train_batch, device=setting.device) % size.classes
    model.train()
    watch = Stopwatch()
    for _ in range(steps):
        with autocast(setting):
            loss = nn.functional.cross_entropy(model(x).float(), labels)
        model.zero_grad(set_to_none=True)
        loss.backward()
    synchronize(setting)
    return watch.seconds()


def attached(size: Size, method: str, classes: int = 0) -> VisionTransformer:
    """Return a random backbone with a method, and with a head if classes are given."""
    model = build_backbone(size.architecture)
    sizes = (size.hyperparameters or {}).get(method, {})
    attach(model, method, generator=generator(0, "method"), **sizes)
    if classes:
        set_head(model, classes, generator(0, "head"))
    return model


def plain_model(size: Size) -> VisionTransformer:
    """Return the model as timm makes it."""
    shape = size.architecture
    return VisionTransformer(
        img_size=shape["image_size"],
        patch_size=shape["patch_size"],
        embed_dim=shape["width"],
        depth=shape["depth"],
        num_heads=shape["heads"],
        num_classes=0,
    )


FORMS: dict[str, Callable[[nn.Module, Size], nn.Module]] = {
    "as it is": lambda model, size: model,
    "channels-last": lambda model, size: model.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
    "compiled": lambda model, size: torch.compile(model, backend=size.compiler),  # type: ignore[arg-type,return-value]
}


def like(model: nn.Module, x: Tensor) -> Tensor:
    """Return input in the memory format of a model's convolutions."""
    weights = next(p for p in model.parameters() if p.ndim == 4)
    last = weights.is_contiguous(memory_format=torch.channels_last)
    return x.to(memory_format=torch.channels_last) if last else x


def some_input(size: Size, batch: int, setting: Setting) -> Tensor:
    """Return random normalized images on the device."""
    edge = size.architecture["image_size"]
    return torch.randn(batch, 3, edge, edge, device=setting.device)


def synchronize(setting: Setting) -> None:
    """Wait until the device has finished all its work."""
    if setting.device == "cuda":
        torch.cuda.synchronize()

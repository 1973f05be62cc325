"""How fast images are embedded and methods fine-tuned: ``make bench-gpu``.

Beside our code run a bare loop of timm's model over input that lies on the device, a
plain float32 training loop over a DataLoader, and the forward and backward passes
alone. Weights and images are random: the times are those of real ones.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from benchmarks import machine
from benchmarks.models_report import tables
from peftdiff.backbones import build_backbone, head_inputs, set_head, to_input
from peftdiff.embedding import timed_embed
from peftdiff.imagesets import Images
from peftdiff.methods import METHODS, attach
from peftdiff.runtime import Setting, Stopwatch, describe_device, resolve_setting
from peftdiff.scoring import score_models
from peftdiff.training import Recipe, autocast, fit, generator

RESULTS = Path(__file__).parent / "results"
POOL = [slug for slug, method in METHODS.items() if method.in_pool]
MEAN, STD = 0.5, 0.5


@dataclass(frozen=True)
class Size:
    """What is measured: the model, a task's images, the batches, and how often."""

    architecture: Mapping[str, int]
    images: int = 1000
    classes: int = 100
    embed_batch: int = 250
    train_batch: int = 64
    epochs: int = 4
    rounds: int = 3
    metric: str = "peftdiff"
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
    hyperparameters={"noah": {"adapter": 2, "lora": 2, "prompts": 2}},
)


def run(size: Size, setting: Setting) -> dict[str, Any]:
    """Measure everything on one device, in one process."""
    images = random_images(size)
    found: dict[str, Any] = {
        "size": asdict(size),
        "machine": machine.describe(),
        "device": describe_device(setting),
        "precision": setting.precision,
        "embedding": embedding_speed(size, images, setting),
        "task_seconds": task_seconds(size, images, setting),
        "fine_tuning": {},
    }
    for method in POOL:
        found["fine_tuning"][method] = training_speed(size, method, images, setting)
    return found


def random_images(size: Size) -> Images:
    """Return a task's worth of noise, with labels."""
    random = np.random.default_rng(0)
    edge = size.architecture["image_size"]
    pixels = random.integers(0, 256, (size.images, edge, edge, 3), dtype=np.uint8)
    labels = np.arange(size.images) % size.classes
    names = tuple(str(label) for label in range(size.classes))
    return Images(pixels, labels, (names,), MEAN, STD, checksum="noise")


def embedding_speed(size: Size, images: Images, setting: Setting) -> dict[str, float]:
    """Return images a second of our embedding and of timm's model alone, the best."""
    model = build_backbone(size.architecture)
    plain = plain_model(size).eval().to(setting.device)
    batch = some_input(size, size.embed_batch, setting)
    out = np.empty((size.images, model.num_features), np.float32)

    def ours() -> float:
        return timed_embed(
            model, images, out, setting=setting, batch_size=size.embed_batch
        )

    @torch.inference_mode()
    def bare() -> float:
        watch = Stopwatch()
        for _ in range(-(-size.images // size.embed_batch)):
            with autocast(setting):
                head_inputs(plain, batch)
        synchronize(setting)
        return watch.seconds()

    seconds = best_in_turn({"ours": ours, "bare": bare}, size.rounds)
    of_bare = -(-size.images // size.embed_batch) * size.embed_batch
    return {"ours": size.images / seconds["ours"], "bare": of_bare / seconds["bare"]}


def task_seconds(size: Size, images: Images, setting: Setting) -> dict[str, float]:
    """Return what a task costs: its images through every model, and the scores."""
    models = {"backbone": build_backbone(size.architecture)}
    models |= {f"{method}/0": attached(size, method) for method in POOL}
    width = models["backbone"].num_features
    features = {name: np.empty((size.images, width), np.float32) for name in models}
    embedding = sum(
        timed_embed(
            model, images, features[name], setting=setting, batch_size=size.embed_batch
        )
        for name, model in models.items()
    )
    watch = Stopwatch()
    score_models(features, images.labels, size.metric, {})
    return {"embedding": embedding, "scoring": watch.seconds()}


def training_speed(
    size: Size, method: str, images: Images, setting: Setting
) -> dict[str, float]:
    """Return images a second of our fine-tuning, a plain loop, and the bare passes."""
    recipe = Recipe(size.epochs, size.train_batch, 1e-3, 1e-4)
    steps = size.images // size.train_batch

    def ours() -> float:
        model = attached(size, method, classes=size.classes)
        return fit(model, images, recipe, seed=0, name=method, setting=setting)

    def plain() -> float:
        model = attached(size, method, classes=size.classes).to(setting.device)
        return plain_loop(model, images, recipe, setting)

    def passes() -> float:
        model = attached(size, method, classes=size.classes).to(setting.device)
        return bare_passes(model, size, size.epochs * steps, setting)

    sides = {"ours": ours, "plain": plain, "passes": passes}
    seconds = best_in_turn(sides, size.rounds)
    trained = size.epochs * steps * size.train_batch
    return {side: trained / seconds[side] for side in sides}


def plain_loop(
    model: nn.Module, images: Images, recipe: Recipe, setting: Setting
) -> float:
    """Train in float32 from a DataLoader, as most code does; return the seconds."""
    from torch.utils.data import DataLoader, TensorDataset

    pixels = torch.from_numpy(np.array(images.pixels))
    data = TensorDataset(
        to_input(pixels, images.mean, images.std), torch.from_numpy(images.labels)
    )
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
    x = some_input(size, size.train_batch, setting)
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
    """Return a random backbone with a method, and a head where classes are given."""
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


def some_input(size: Size, batch: int, setting: Setting) -> Tensor:
    """Return normalized images that lie on the device."""
    edge = size.architecture["image_size"]
    return torch.randn(batch, 3, edge, edge, device=setting.device)


def synchronize(setting: Setting) -> None:
    """Wait until the device has done all that it was told."""
    if setting.device == "cuda":
        torch.cuda.synchronize()


def best_in_turn(
    sides: Mapping[str, Callable[[], float]], rounds: int
) -> dict[str, float]:
    """Return each side's least seconds; an untimed round comes first."""
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for number, (side, work) in _turns(sides, rounds + 1):
        taken = work()
        if number > 0:
            seconds[side].append(taken)
    return {side: min(times) for side, times in seconds.items()}


def _turns(
    sides: Mapping[str, Callable[[], float]], rounds: int
) -> Iterator[tuple[int, tuple[str, Callable[[], float]]]]:
    for number in range(rounds):
        for side in sides.items():
            yield number, side


def main() -> None:
    """Measure, print and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models")
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs")
    parser.add_argument("--device", default="auto", help="auto, cuda or cpu")
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FOLDER")
    options = parser.parse_args()
    setting = resolve_setting(options.device, "auto")
    if setting.device == "cpu" and not options.tiny:
        parser.error("torch sees no GPU; on a CPU only --tiny makes sense")
    results = run(TINY if options.tiny else PAPER, setting)
    path = options.output / ("models_tiny.json" if options.tiny else "models.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = tables(results)
    path.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

"""How fast images are embedded and methods fine-tuned: ``make bench-gpu``.

Our code is compared with a bare loop of timm's model over input on the device, a plain
float32 training loop over a DataLoader, and the forward and backward passes alone; the
latter also with other forms of the model (channels-last, compiled), to see whether one
would be faster. Weights and images are random, which does not change the times.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.models_report import tables
from benchmarks.models_sides import (
    FORMS,
    PAPER,
    TINY,
    Size,
    as_in_a_job,
    attached,
    bare_forward,
    bare_passes,
    plain_loop,
    plain_model,
    random_images,
)
from peftdiff.data.images import Images
from peftdiff.embeddings import BACKBONE_MODEL, ModelName
from peftdiff.methods import METHODS
from peftdiff.metrics.scoring import score_models
from peftdiff.models.device import Setting, describe_device, resolve_setting
from peftdiff.models.forward import timed_embed
from peftdiff.models.vit import build_backbone
from peftdiff.runtime import Stopwatch
from peftdiff.training.loop import fit
from peftdiff.training.recipe import Recipe

RESULTS = Path(__file__).parent / "results"
POOL = [slug for slug, method in METHODS.items() if method.in_pool]


def run(size: Size, setting: Setting) -> dict[str, Any]:
    """Measure everything on one device, in one process."""
    images = random_images(size)
    return {
        "size": asdict(size),
        "machine": machine.describe(),
        "device": describe_device(setting),
        "precision": setting.precision,
        "embedding": embedding_speed(size, images, setting),
        "task_seconds": task_seconds(size, images, setting),
        "fine_tuning": {
            method: training_speed(size, method, images, setting) for method in POOL
        },
        "forms": form_speeds(size, setting),
    }


def embedding_speed(size: Size, images: Images, setting: Setting) -> dict[str, float]:
    """Return images a second of our embedding and of timm's model, at best."""
    model, plain = build_backbone(size.architecture), plain_model(size)
    out = np.empty((size.images, model.num_features), np.float32)
    batches = -(-size.images // size.embed_batch)

    def ours() -> float:
        with as_in_a_job():
            return timed_embed(
                model, images, out, setting=setting, batch_size=size.embed_batch
            )

    def bare() -> float:
        return bare_forward(plain, size, batches, setting)

    seconds = best_in_turn({"ours": ours, "bare": bare}, size.rounds)
    bare_images = batches * size.embed_batch
    return {
        "ours": size.images / seconds["ours"],
        "bare": bare_images / seconds["bare"],
    }


def task_seconds(size: Size, images: Images, setting: Setting) -> dict[str, float]:
    """Return the seconds of embedding a task's images by all models, and of scoring."""
    models = {BACKBONE_MODEL: build_backbone(size.architecture)}
    models |= {ModelName(method, 0): attached(size, method) for method in POOL}
    width = models[BACKBONE_MODEL].num_features
    features = {name: np.empty((size.images, width), np.float32) for name in models}
    with as_in_a_job():
        embedding = sum(
            timed_embed(
                model,
                images,
                features[name],
                setting=setting,
                batch_size=size.embed_batch,
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
    steps = size.epochs * (size.images // size.train_batch)

    def ours() -> float:
        model = attached(size, method, classes=size.classes)
        with as_in_a_job():
            return fit(model, images, recipe, seed=0, name=method, setting=setting)

    def plain() -> float:
        model = attached(size, method, classes=size.classes)
        return plain_loop(model, images, recipe, setting)

    def passes() -> float:
        model = attached(size, method, classes=size.classes)
        return bare_passes(model, size, steps, setting)

    sides = {"ours": ours, "plain": plain, "passes": passes}
    seconds = best_in_turn(sides, size.rounds)
    return {side: steps * size.train_batch / seconds[side] for side in sides}


def form_speeds(size: Size, setting: Setting) -> dict[str, dict[str, float]]:
    """Return images a second of the bare passes, by the form that a model takes."""
    steps = -(-size.images // size.train_batch)
    models = {form: FORMS[form](plain_model(size), size) for form in FORMS}
    trained = {
        form: FORMS[form](attached(size, "lora", classes=size.classes), size)
        for form in FORMS
    }

    def forward(form: str) -> Callable[[], float]:
        return lambda: bare_forward(models[form], size, steps, setting)

    def passes(form: str) -> Callable[[], float]:
        return lambda: bare_passes(trained[form], size, steps, setting)

    embedding = best_in_turn({form: forward(form) for form in FORMS}, size.rounds)
    tuning = best_in_turn({form: passes(form) for form in FORMS}, size.rounds)
    return {
        form: {
            "forward": steps * size.embed_batch / embedding[form],
            "forward and backward": steps * size.train_batch / tuning[form],
        }
        for form in FORMS
    }


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

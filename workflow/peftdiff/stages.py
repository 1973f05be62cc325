"""The stages of training: what a plan's run starts from and what it leaves behind.

Backbone pre-training (or fetching), the CNN's training, source training of a method,
fine-tuning on a task; each asks the run store first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.methods import METHODS
from peftdiff.models import BACKBONE, model_name
from peftdiff.plans import fetched_plan
from peftdiff.runs import Checkpoint, Plan, Run, RunStore, Tensors, read_models
from peftdiff.runtime import Stopwatch

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer
    from torch import Tensor

    from peftdiff.imagesets import Images
    from peftdiff.runtime import Setting

Config = Mapping[str, Any]

# ASSUME: a backbone is to learn shape first, then fill, background and color.
FACTOR_WEIGHTS = [1.0, 0.7, 0.3, 0.3]


def pretrain_backbone(store: RunStore, plan: Plan, images: Images) -> Run:
    """Train a backbone from scratch on images whose labels are several factors."""
    from peftdiff.backbones import build_backbone

    return _pretrain(store, plan, images, build_backbone, "backbone")


def fetch_backbone(
    store: RunStore, architecture: Config, path: str | None
) -> tuple[Run, dict[str, Any]]:
    """Return a backbone that was pre-trained elsewhere, and where it is from.

    The store remembers it by what it is, so it is fetched before the store is asked.

    Parameters
    ----------
    architecture
        name (timm's) and image_size.
    path
        A file of its weights; None to take those of timm's hub.
    """
    from peftdiff.pretrained import fetch_weights

    watch = Stopwatch()
    weights, source = fetch_weights(architecture, path)
    result = {"train_seconds": watch.seconds(), "source": source}
    plan = fetched_plan(architecture, source["checksum"])
    return store.ensure(plan, lambda _: (result, weights)), source


def train_cnn(store: RunStore, plan: Plan, images: Images) -> Run:
    """Train a CNN from scratch on the images that the backbone is trained on."""
    from peftdiff.cnn import build_cnn

    return _pretrain(store, plan, images, build_cnn, "CNN")


def fetch_cnn(name: str) -> Tensors:
    """Return the weights of a CNN that timm has pre-trained."""
    from peftdiff import cnn

    return cnn.fetch_cnn(name)


def train_method(
    store: RunStore,
    plan: Plan,
    images: Images,
    architecture: Config,
    backbone: Tensors,
    workers: int = 0,
) -> Run:
    """Train a method on the source, backbone frozen; keep its weights, not the head.

    The result holds train_seconds. `workers` processes augment the images, if the
    recipe says so.
    """
    from peftdiff.methods import method_state

    def train(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        model = _start(architecture, backbone, plan)
        seconds = _fit_with_new_head(model, plan, images, checkpoint, workers)
        return {"train_seconds": seconds}, _arrays(method_state(model))

    return store.ensure(plan, train)


def fine_tune(
    store: RunStore,
    plan: Plan,
    train_images: Images,
    test_images: Images,
    architecture: Config,
    backbone: Tensors,
    weights: Tensors | None,
) -> Run:
    """Fine-tune a source-trained method on a task; the test images are read once.

    `weights` are the source-trained ones, None for a reference (linear, full) that
    starts from the backbone. The result holds accuracy (percent), epochs, train_seconds
    and trainable_parameters; the fine-tuned weights are not kept.
    """
    from peftdiff.methods import trainable_parameters
    from peftdiff.training import accuracy

    def train(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        model = _start(architecture, backbone, plan, weights)
        seconds = _fit_with_new_head(model, plan, train_images, checkpoint)
        result = {
            "accuracy": accuracy(model, test_images, setting=plan.setting),
            "epochs": plan.recipe["epochs"],
            "train_seconds": seconds,
            "trainable_parameters": trainable_parameters(model),
        }
        return result, {}

    return store.ensure(plan, train)


def starting_points(
    methods: Iterable[str], backbone: Run, trained: Mapping[str, Mapping[int, Run]]
) -> tuple[dict[str, dict[int, str]], dict[str, Tensors]]:
    """Return which run each method starts from, by seed, and weights by run.

    What was not trained on the source (a reference) starts from the backbone.
    """
    starts = {}
    for method in methods:
        runs = trained.get(method, {0: backbone})
        starts[method] = {seed: run.key for seed, run in runs.items()}
    runs_of_pool = [run for runs in trained.values() for run in runs.values()]
    return starts, {run.key: run.weights for run in runs_of_pool}


def read_starting_points(
    methods: Collection[str], backbone_path: str, method_paths: Sequence[str]
) -> tuple[dict[str, dict[int, str]], Tensors, dict[str, Tensors]]:
    """Return which run each method starts from, by seed, and the weights to start from.

    Those of the backbone, and by run those of the methods in the pool, whose files are
    given in the order of `methods`.
    """
    (backbone,) = read_models(backbone_path).values()
    pool = [method for method in methods if METHODS[method].in_pool]
    trained = dict(zip(pool, map(read_models, method_paths), strict=True))
    starts, weights = starting_points(methods, backbone, trained)
    return starts, backbone.weights, weights


def fine_tune_pool(
    store: RunStore,
    plans: Iterable[Plan],
    train_images: Images,
    test_images: Images,
    architecture: Config,
    backbone: Tensors,
    weights: Mapping[str, Tensors],
) -> pd.DataFrame:
    """Fine-tune by every plan; return a row of the ground truth for each.

    `weights` are the source-trained ones by the key of their run; a plan that starts
    from no such run starts from the backbone.
    """
    start = (architecture, backbone)
    rows = []
    for plan in plans:
        trained = weights.get(plan.start)
        run = fine_tune(store, plan, train_images, test_images, *start, trained)
        in_pool = METHODS[plan.method].in_pool
        row = {"method": plan.method, "in_pool": in_pool, "seed": plan.seed}
        chosen = {key: plan.recipe[key] for key in ("learning_rate", "weight_decay")}
        rows.append(row | run.result | chosen | {"device": plan.setting.device})
    return pd.DataFrame(rows)


def source_times(
    store: RunStore, trained: Mapping[str, Mapping[int, Run]]
) -> pd.DataFrame:
    """Return the seconds of each method's source training, as the run store has them.

    Returns
    -------
    DataFrame
        Columns model, seed, seconds (empty where the run is gone), device.
    """
    rows = []
    for method, runs in trained.items():
        for seed, run in runs.items():
            row: dict[str, Any] = {"model": method, "seed": seed}
            record = store.record(run.key)
            if record is not None:
                row["seconds"] = record["result"]["train_seconds"]
                row["device"] = record["identity"]["setting"]["device"]
            rows.append(row)
    columns = ["model", "seed", "seconds", "device"]
    return pd.DataFrame(rows).reindex(columns=columns)


def embed_by_cnn(
    architecture: Any,
    weights: Tensors,
    images: Images,
    *,
    setting: Setting,
    batch_size: int,
) -> NDArray[np.float32]:
    """Return the pooled features (n, d) of images through a trained CNN."""
    from peftdiff.cnn import load_cnn
    from peftdiff.embedding import embed

    model: Any = load_cnn(architecture, weights, (images.mean, images.std))
    out = np.empty((len(images.pixels), model.num_features), dtype=np.float32)
    embed(model, images, out, setting=setting, batch_size=batch_size)
    return out


def embedding_models(
    architecture: Config,
    backbone: Run,
    hyperparameters: Mapping[str, Config],
    trained: Mapping[str, Mapping[int, Run]],
) -> dict[str, Callable[[], VisionTransformer]]:
    """Return what makes "backbone" and every source-trained "<method>/<seed>".

    All models together may not fit into memory.
    """
    start = partial(start_model, architecture, backbone.weights)
    makers: dict[str, Callable[[], VisionTransformer]] = {BACKBONE: start}
    for method, runs in trained.items():
        made = (method, hyperparameters[method])
        for seed, run in runs.items():
            name = model_name(method, seed)
            makers[name] = partial(start, *made, weights=run.weights)
    return makers


def start_model(
    architecture: Config,
    backbone: Tensors,
    method: str | None = None,
    hyperparameters: Config | None = None,
    *,
    seed: int = 0,
    weights: Tensors | None = None,
    drop_path: float = 0.0,
) -> VisionTransformer:
    """Return the backbone, with a method attached where one is named.

    The method is initialised with `seed`, and then given `weights` where there are any.
    `drop_path` matters in training alone.
    """
    import torch

    from peftdiff.backbones import build_backbone, load_backbone, set_drop_path
    from peftdiff.methods import attach, load_method_state
    from peftdiff.training import generator

    model = build_backbone(architecture)
    load_backbone(model, backbone)
    if drop_path:
        set_drop_path(model, drop_path)
    if method is not None:
        random = generator(seed, "method")
        attach(model, method, generator=random, **(hyperparameters or {}))
    if weights is not None:
        load_method_state(model, {k: torch.tensor(v) for k, v in weights.items()})
    return model


def _pretrain(
    store: RunStore,
    plan: Plan,
    images: Images,
    build: Callable[[Any], Any],
    name: str,
) -> Run:
    import torch

    from peftdiff.backbones import set_drop_path, set_head
    from peftdiff.training import Recipe, factored_cross_entropy, fit, generator

    recipe = Recipe(**plan.recipe)

    def train(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        torch.manual_seed(plan.seed)
        model = build(plan.hyperparameters)
        if recipe.drop_path:
            set_drop_path(model, recipe.drop_path)
        set_head(model, sum(images.classes), generator(plan.seed, "head"))
        seconds = fit(
            model,
            images,
            recipe,
            seed=plan.seed,
            name=name,
            setting=plan.setting,
            checkpoint=checkpoint,
            loss=factored_cross_entropy(images.classes, FACTOR_WEIGHTS),
        )
        model.reset_classifier(0)
        return {"train_seconds": seconds}, _arrays(model.state_dict())

    return store.ensure(plan, train)


def _start(
    architecture: Config, backbone: Tensors, plan: Plan, weights: Tensors | None = None
) -> VisionTransformer:
    return start_model(
        architecture,
        backbone,
        plan.method,
        plan.hyperparameters,
        seed=plan.seed,
        weights=weights,
        drop_path=plan.recipe.get("drop_path", 0.0),
    )


def _fit_with_new_head(
    model: VisionTransformer,
    plan: Plan,
    images: Images,
    checkpoint: Checkpoint,
    workers: int = 0,
) -> float:
    from peftdiff.backbones import set_head
    from peftdiff.training import Recipe, fit, generator

    set_head(model, images.classes[0], generator(plan.seed, "head"))
    return fit(
        model,
        images,
        Recipe(**plan.recipe),
        seed=plan.seed,
        name=f"{plan.method} seed {plan.seed}",
        setting=plan.setting,
        checkpoint=checkpoint,
        size=model.patch_embed.img_size[0],
        workers=workers,
    )


def _arrays(state: Mapping[str, Tensor]) -> Tensors:
    return {name: tensor.detach().cpu().numpy() for name, tensor in state.items()}

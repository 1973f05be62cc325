"""Models that others start from: the backbone and the CNN, trained here or fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from peftdiff.plans import fetched_plan
from peftdiff.runs import Checkpoint, Plan, Run, RunStore, Tensors
from peftdiff.runtime import Stopwatch
from peftdiff.stages.fitting import arrays_of

if TYPE_CHECKING:
    from peftdiff.imagesets import Images

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
        return {"train_seconds": seconds}, arrays_of(model.state_dict())

    return store.ensure(plan, train)

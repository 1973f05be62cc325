"""Models that others start from: the backbone and the CNN, trained here or fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from peftdiff.models.device import Setting
from peftdiff.records import Tensors
from peftdiff.runtime import Stopwatch
from peftdiff.stages.plan import Plan
from peftdiff.stages.starting import arrays_of
from peftdiff.stages.store import Checkpoint, Run, RunStore

if TYPE_CHECKING:
    from peftdiff.data.images import Images

Config = Mapping[str, Any]

# ASSUME: a backbone is to learn shape first, then fill, background and color.
FACTOR_WEIGHTS = [1.0, 0.7, 0.3, 0.3]


def pretrain_backbone(store: RunStore, plan: Plan, images: Images) -> Run:
    """Train a backbone from scratch on images whose labels are several factors."""
    from peftdiff.models.vit import build_backbone

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
    from peftdiff.models.pretrained import fetch_weights

    watch = Stopwatch()
    weights, source = fetch_weights(architecture, path)
    result = {"train_seconds": watch.seconds(), "source": source}
    plan = fetched_plan(architecture, source["checksum"])
    return store.ensure(plan, lambda _: (result, weights)), source


def train_cnn(store: RunStore, plan: Plan, images: Images) -> Run:
    """Train a CNN from scratch on the images that the backbone is trained on."""
    from peftdiff.models.cnn import build_cnn

    return _pretrain(store, plan, images, build_cnn, "CNN")


def fetch_cnn(name: str) -> Tensors:
    """Return the weights of a CNN that timm has pre-trained."""
    from peftdiff.models import cnn

    return cnn.fetch_cnn(name)


def _pretrain(
    store: RunStore,
    plan: Plan,
    images: Images,
    build: Callable[[Any], Any],
    name: str,
) -> Run:
    import torch

    from peftdiff.models.vit import set_drop_path, set_head
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


def backbone_plan(backbone: Config, data: Config, setting: Setting) -> Plan:
    """Return the plan of the backbone's pre-training."""
    sizes, recipe = backbone["architecture"], backbone["recipe"]
    made = (sizes, recipe, data, backbone["seed"], setting)
    return Plan("pretrain_backbone", "", "full", *made)


def fetched_plan(architecture: Config, checksum: str) -> Plan:
    """Return the plan of a backbone that was pre-trained elsewhere.

    `checksum` is that of its weights, so that what starts from it depends on them,
    wherever they are from. No device has a part in it.
    """
    data = {"weights": checksum}
    return Plan("fetch_backbone", "", "full", architecture, {}, data, 0, Setting())


def cnn_plan(cnn: Config, data: Config, setting: Setting) -> Plan | None:
    """Return the plan of the CNN's training; None where timm has it pre-trained."""
    sizes, recipe = cnn["architecture"], cnn["recipe"]
    if isinstance(sizes, str):
        return None
    return Plan("train_cnn", "", "full", sizes, recipe, data, cnn["seed"], setting)

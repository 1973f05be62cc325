"""Models that others start from: the backbone and the CNN, trained here or fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from peftdiff.models.device import Setting
from peftdiff.records import Tensors
from peftdiff.runtime import Stopwatch
from peftdiff.stages.fitting import arrays_of
from peftdiff.stages.plan import Plan, recipe_of
from peftdiff.stages.store import Checkpoint, Run, RunStore

if TYPE_CHECKING:
    from peftdiff.data.images import Images

Config = Mapping[str, Any]

# ASSUME: a backbone is to learn shape first, then fill, background and color.
FACTOR_WEIGHTS = [1.0, 0.7, 0.3, 0.3]


def pretrain_backbone(plan: Plan, *, store: RunStore, images: Images) -> Run:
    """Train a backbone from scratch on images whose labels are several factors."""
    from peftdiff.models.vit import build_backbone

    return _pretrain(
        plan, store=store, images=images, build=build_backbone, name="backbone"
    )


def fetch_backbone(
    architecture: Config, path: str | None, *, store: RunStore
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
    weights, origin = fetch_weights(architecture, path)
    result = {"train_seconds": watch.seconds(), "source": origin}
    plan = fetched_plan(architecture, origin["checksum"])
    return store.ensure(plan, lambda _: (result, weights)), origin


def train_cnn(plan: Plan, *, store: RunStore, images: Images) -> Run:
    """Train a CNN from scratch on the images that the backbone is trained on."""
    from peftdiff.models.cnn import build_cnn

    return _pretrain(plan, store=store, images=images, build=build_cnn, name="CNN")


def fetch_cnn(name: str) -> Tensors:
    """Return the weights of a CNN that timm has pre-trained."""
    from peftdiff.models import cnn

    return cnn.fetch_cnn(name)


def _pretrain(
    plan: Plan,
    *,
    store: RunStore,
    images: Images,
    build: Callable[[Any], Any],
    name: str,
) -> Run:
    import torch

    from peftdiff.models.vit import set_drop_path, set_head
    from peftdiff.training.loop import fit
    from peftdiff.training.losses import factored_cross_entropy
    from peftdiff.training.seeds import generator

    recipe = plan.training_recipe

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
    return Plan(
        stage="pretrain_backbone",
        start="",
        method="full",
        hyperparameters=backbone["architecture"],
        recipe=recipe_of(backbone),
        data=data,
        seed=backbone["seed"],
        setting=setting,
    )


def fetched_plan(architecture: Config, checksum: str) -> Plan:
    """Return the plan of a backbone that was pre-trained elsewhere.

    `checksum` is that of its weights, so that what starts from it depends on them,
    wherever they are from. No device has a part in it.
    """
    return Plan(
        stage="fetch_backbone",
        start="",
        method="full",
        hyperparameters=architecture,
        recipe=None,
        data={"weights": checksum},
        seed=0,
        setting=Setting(),
    )


def cnn_plan(cnn: Config, data: Config, setting: Setting) -> Plan:
    """Return the plan of the training of a CNN that timm has not pre-trained."""
    return Plan(
        stage="train_cnn",
        start="",
        method="full",
        hyperparameters=cnn["architecture"],
        recipe=recipe_of(cnn),
        data=data,
        seed=cnn["seed"],
        setting=setting,
    )

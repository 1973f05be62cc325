"""What a run starts from: a backbone, and a method whose weights may be trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peftdiff.methods import METHODS
from peftdiff.records import Tensors
from peftdiff.stages.plan import Plan, Starts
from peftdiff.stages.store import Run, read_models

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer

Config = Mapping[str, Any]


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

    from peftdiff.methods import attach, load_method_state
    from peftdiff.models.vit import build_backbone, load_backbone, set_drop_path
    from peftdiff.training.seeds import generator

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


def start_plan(
    plan: Plan, architecture: Config, backbone: Tensors, weights: Tensors | None = None
) -> VisionTransformer:
    """Return the model of a plan, ready to be trained; as in `start_model`."""
    return start_model(
        architecture,
        backbone,
        plan.method,
        plan.hyperparameters,
        seed=plan.seed,
        weights=weights,
        drop_path=plan.training_recipe.drop_path,
    )


@dataclass(frozen=True)
class StartingModels:
    """The models that fine-tuning starts from.

    Parameters
    ----------
    architecture
        That of the backbone.
    backbone
        The run that made it.
    trained
        The runs of source training, by method and seed. A reference has none: it
        starts from the backbone.
    """

    architecture: Config
    backbone: Run
    trained: Mapping[str, Mapping[int, Run]]

    def keys(self, methods: Iterable[str]) -> Starts:
        """Return the keys of the runs that methods start from, by source seed."""
        alone = {0: self.backbone}
        return {
            method: {
                seed: run.key for seed, run in self.trained.get(method, alone).items()
            }
            for method in methods
        }

    def weights(self, key: str) -> Tensors | None:
        """Return the source-trained weights of a run; None for the backbone's key."""
        runs = (run for runs in self.trained.values() for run in runs.values())
        return next((run.weights for run in runs if run.key == key), None)


def read_starting_models(
    architecture: Config,
    methods: Iterable[str],
    backbone_path: str,
    method_paths: Sequence[str],
) -> StartingModels:
    """Read the models that these methods and references are fine-tuned from.

    `method_paths` are the files of those in the pool, in the order of `methods`.
    """
    (backbone,) = read_models(backbone_path).values()
    pool = [method for method in methods if METHODS[method].in_pool]
    trained = dict(zip(pool, map(read_models, method_paths), strict=True))
    return StartingModels(architecture, backbone, trained)

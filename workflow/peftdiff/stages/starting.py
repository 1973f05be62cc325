"""What a run starts from: a backbone, and a method whose weights may be trained."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peftdiff.data.normalization import PerChannel
from peftdiff.methods import METHODS
from peftdiff.models.device import Setting, prepare_torch
from peftdiff.records import Tensors
from peftdiff.stages.plan import Plan, data_of
from peftdiff.stages.store import Checkpoint, RunStore, read_models

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer
    from torch import Tensor

    from peftdiff.data.images import Images

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
        drop_path=plan.recipe.get("drop_path", 0.0),
    )


def read_starts(
    methods: Collection[str], backbone_path: str, method_paths: Sequence[str]
) -> tuple[dict[str, dict[int, str]], Tensors, dict[str, Tensors]]:
    """Return which run each method starts from, by seed, and the weights to start from.

    Those of the backbone, and by run those of the methods in the pool, whose files are
    given in the order of `methods`. What was not trained on the source (a reference)
    starts from the backbone.
    """
    (backbone,) = read_models(backbone_path).values()
    pool = [method for method in methods if METHODS[method].in_pool]
    trained = dict(zip(pool, map(read_models, method_paths), strict=True))
    starts = {}
    for method in methods:
        runs = trained.get(method, {0: backbone})
        starts[method] = {seed: run.key for seed, run in runs.items()}
    runs_of_pool = [run for runs in trained.values() for run in runs.values()]
    return starts, backbone.weights, {run.key: run.weights for run in runs_of_pool}


def fit_with_new_head(
    model: VisionTransformer,
    plan: Plan,
    images: Images,
    checkpoint: Checkpoint,
    workers: int = 0,
) -> float:
    """Train a model as planned, with a head for the images' classes; return seconds."""
    from peftdiff.models.vit import set_head
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


def arrays_of(state: Mapping[str, Tensor]) -> Tensors:
    """Return tensors as the run store keeps them."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in state.items()}


@dataclass(frozen=True)
class Conditions:
    """What the jobs that train are told in the same words.

    Parameters
    ----------
    normalization
        The mean and the std of images, see `normalization.normalization_of`.
    device
        The configured names of the device and of the precision.
    store
        The folder of the run store, and whether to repeat what it remembers.
    """

    normalization: Mapping[str, PerChannel]
    device: tuple[str, str]
    store: tuple[str, bool]

    def data(self, *checksums: str) -> dict[str, Any]:
        """Return what a run's result owes to its images, see `plans.data_of`."""
        return data_of(checksums, self.normalization)

    def setting(self, threads: int = 1) -> Setting:
        """Return how models run, and prepare torch for it."""
        return prepare_torch(*self.device, threads=threads)

    def runs(self) -> RunStore:
        """Return the run store."""
        root, retrain = self.store
        return RunStore(root, retrain=retrain)

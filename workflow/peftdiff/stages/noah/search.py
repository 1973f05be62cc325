"""The two runs of NOAH's search: the supernet's training, and the evolution.

Both ask the run store first, and go on where they were cut off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.data.images import require_parts
from peftdiff.models.device import Setting
from peftdiff.records import Tensors, read_json
from peftdiff.runtime import Stopwatch
from peftdiff.stages.fitting import arrays_of
from peftdiff.stages.noah.evolution import Evolution, evolve
from peftdiff.stages.noah.space import (
    Candidate,
    MutationRates,
    parameters,
    sample,
    search_space,
)
from peftdiff.stages.plan import Plan, Results, recipe_of
from peftdiff.stages.starting import start_model
from peftdiff.stages.store import Checkpoint, Run, RunStore

if TYPE_CHECKING:
    from peftdiff.data.images import Images
    from peftdiff.stages.noah.space import Space
    from peftdiff.stages.noah.supernet import Supernet

Config = Mapping[str, Any]

NOAH_SIZES = ("adapter", "lora", "prompts")  # the hyper-parameters that are searched


def hold_out_by_class(images: Images, share: float, seed: int) -> tuple[Images, Images]:
    """Split images at random into those to train on and a share of every class.

    Both are yet to be read.

    Raises
    ------
    UserError
        Where nothing is held out, or nothing left.
    """
    random = np.random.default_rng(seed)
    labels = np.array(images.labels)
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        held_out[rows[: round(share * len(rows))]] = True
    require_parts("noah.validation_share", share, int(held_out.sum()), len(labels))
    train, held = (images.pick(np.flatnonzero(rows)) for rows in (~held_out, held_out))
    return train, held


def train_supernet(
    plan: Plan,
    *,
    store: RunStore,
    images: Images,
    architecture: Config,
    backbone: Tensors,
) -> Run:
    """Train the supernet on the source, backbone frozen; each step one candidate.

    Its weights are NOAH's at the largest sizes, and the head that all candidates share.
    The result holds train_seconds.
    """
    from peftdiff.stages.noah.supernet import trained_state
    from peftdiff.training.loop import fit

    def train(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        supernet, space = _supernet(plan, images, architecture, backbone)

        def activate(step: int) -> None:
            # A function of seed and step, so that a resumed run draws the same ones.
            random = np.random.default_rng([plan.seed, step])
            supernet.activate(sample(space, random))

        seconds = fit(
            supernet.model,
            images,
            plan.training_recipe,
            seed=plan.seed,
            name=f"supernet seed {plan.seed}",
            setting=plan.setting,
            checkpoint=checkpoint,
            before_step=activate,
        )
        weights = arrays_of(trained_state(supernet.model))
        return {"train_seconds": seconds}, weights

    return store.ensure(plan, train)


def search_sizes(
    plan: Plan,
    *,
    store: RunStore,
    held_out: Images,
    architecture: Config,
    backbone: Tensors,
    weights: Tensors,
) -> Run:
    """Search for the candidate with the best accuracy on held-out images.

    `weights` are the supernet's. The result holds the sizes as `hyperparameters` of
    NOAH, their parameters and accuracy (percent, with inherited weights), a line for
    each generation, and train_seconds.
    """
    from peftdiff.models.forward import accuracy

    def search(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        supernet, space = _supernet(plan, held_out, architecture, backbone)
        _load(supernet, weights)
        width = supernet.model.embed_dim
        watch, known = Stopwatch(), _Known(checkpoint)

        def fitness(candidate: Candidate) -> float:
            if candidate not in known.fitness:
                supernet.activate(candidate)
                found = accuracy(supernet.model, held_out, setting=plan.setting)
                known.add(candidate, found)
            return known.fitness[candidate]

        found = evolve(
            space,
            _evolution(plan.hyperparameters["evolution"]),
            fitness=fitness,
            cost=lambda candidate: parameters(candidate, width),
            seed=plan.seed,
        )
        sizes = {name: list(vector) for name, vector in found.best._asdict().items()}
        result = {
            "sizes": sizes,
            "parameters": parameters(found.best, width),
            "accuracy": found.fitness,
            "held_out_images": len(held_out.labels),
            "generations": found.generations,
            "train_seconds": known.seconds + watch.seconds(),
        }
        return result, {}

    return store.ensure(plan, search)


class _Known:
    """The fitness of the candidates so far, kept in a checkpoint.

    The search is a function of its seed and of fitness: one that was cut off is begun
    again, and is told at once what it knew.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.fitness: dict[Candidate, float] = {}
        self.seconds = 0.0  # before it was cut off
        self._checkpoint = checkpoint
        self._watch = Stopwatch()
        if (state := checkpoint.load()) is not None:
            tensors, _ = state
            pairs = zip(tensors["candidates"], tensors["fitness"], strict=True)
            self.fitness = {_candidate(sizes): float(value) for sizes, value in pairs}
            self.seconds = float(tensors["seconds"][0])

    def add(self, candidate: Candidate, fitness: float) -> None:
        """Remember a candidate's fitness."""
        self.fitness[candidate] = fitness
        state: dict[str, NDArray[Any]] = {
            "candidates": np.array(list(self.fitness), dtype=np.int64),
            "fitness": np.array(list(self.fitness.values())),
            "seconds": np.array([self.seconds + self._watch.seconds()]),
        }
        self._checkpoint.save(state, len(self.fitness))


def _candidate(sizes: NDArray[np.int64]) -> Candidate:
    return Candidate._make(tuple(map(int, vector)) for vector in sizes)


def _evolution(values: Config) -> Evolution:
    return Evolution(**{**values, "mutation": MutationRates(**values["mutation"])})


def _supernet(
    plan: Plan, images: Images, architecture: Config, backbone: Tensors
) -> tuple[Supernet, Space]:
    """Return a new supernet with a head for the images' classes, and its space."""
    from peftdiff.models.vit import set_head
    from peftdiff.stages.noah.supernet import Supernet
    from peftdiff.training.seeds import generator

    known = ("sizes", "depths", "evolution")
    others = {k: v for k, v in plan.hyperparameters.items() if k not in known}
    # The evolution has no recipe: it does not train.
    drop_path = plan.recipe.drop_path if plan.recipe else 0.0
    model = start_model(architecture, backbone, drop_path=drop_path)
    sizes, depths = plan.hyperparameters["sizes"], plan.hyperparameters["depths"]
    space = search_space(sizes, depths, len(model.blocks))
    random = generator(plan.seed, "method")
    supernet = Supernet(model, space, generator=random, **others)
    set_head(model, images.classes[0], generator(plan.seed, "head"))
    return supernet, space


def _load(supernet: Supernet, weights: Tensors) -> None:
    import torch

    from peftdiff.stages.noah.supernet import trained_state

    for name, tensor in trained_state(supernet.model).items():
        tensor.copy_(torch.tensor(weights[name]))


def noah_plans(
    noah: Config,
    *,
    backbone: str,
    hyperparameters: Config,
    data: Config,
    setting: Setting,
) -> list[Plan]:
    """Return the plans of NOAH's search, supernet and evolution; none without one.

    Parameters
    ----------
    noah
        The section `noah` of the configuration.
    backbone
        The key of the run that the supernet starts from.
    hyperparameters
        NOAH's hyper-parameters; the sizes among them do not matter here.
    data
        The part of the runs' identity that describes the source images, see
        `plan.data_of`.
    setting
        How models run.
    """
    if noah["search"] == "none":
        return []
    level = noah["levels"][noah["search"]]
    sizes = {"preset", *NOAH_SIZES}
    others = {k: v for k, v in hyperparameters.items() if k not in sizes}
    space = {"sizes": level["sizes"], "depths": level["depths"], **others}
    split = {**data, "validation_share": noah["validation_share"]}
    supernet = Plan(
        stage="train_supernet",
        start=backbone,
        method="noah",
        hyperparameters=space,
        recipe=recipe_of(level),
        data=split,
        seed=noah["seed"],
        setting=setting,
    )
    evolution = Plan(
        stage="search_noah",
        start=supernet.key,
        method="noah",
        hyperparameters={**space, "evolution": level["evolution"]},
        recipe=None,
        data=split,
        seed=noah["seed"],
        setting=setting,
    )
    return [supernet, evolution]


def searched_sizes(
    hyperparameters: Config, search: Sequence[Plan], results: Results
) -> dict[str, Any]:
    """Return NOAH's hyper-parameters with the sizes that its search has found."""
    if not search:
        return dict(hyperparameters)
    key = search[-1].key
    sizes = results[key]["sizes"] if key in results else {"searched_by": key}
    return {**hyperparameters, **sizes}


def with_searched_sizes(
    hyperparameters: Mapping[str, Config], path: str | None
) -> dict[str, Config]:
    """Return methods' hyper-parameters, NOAH's with the sizes that were searched.

    `path` is what the search has written; None where the sizes are configured.
    """
    methods = dict(hyperparameters)
    if path is not None and "noah" in methods:
        methods["noah"] = {**methods["noah"], **read_json(path)["sizes"]}
    return methods

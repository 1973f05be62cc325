"""Fine-tuning: what a task's accuracies are measured after."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from peftdiff.methods import METHODS
from peftdiff.models.device import Setting
from peftdiff.records import Tensors, read_table
from peftdiff.stages.plan import Plan, Starts, recipe_of
from peftdiff.stages.starting import fit_with_new_head, start_plan
from peftdiff.stages.store import Checkpoint, Run, RunStore

if TYPE_CHECKING:
    from peftdiff.data.images import Images

Config = Mapping[str, Any]


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
    from peftdiff.models.forward import accuracy

    def train(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        model = start_plan(plan, architecture, backbone, weights)
        seconds = fit_with_new_head(model, plan, train_images, checkpoint)
        result = {
            "accuracy": accuracy(model, test_images, setting=plan.setting),
            "epochs": plan.recipe["epochs"],
            "train_seconds": seconds,
            "trainable_parameters": trainable_parameters(model),
        }
        return result, {}

    return store.ensure(plan, train)


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


def read_held_out(path: str) -> dict[str, list[float]]:
    """Return the held-out accuracies of each method's candidates, in their order."""
    rows = read_table(path).groupby("method")["accuracy"]
    return {str(method): list(accuracies) for method, accuracies in rows}


def candidate_recipes(truth: Config, method: str) -> list[dict[str, Any]]:
    """Return the recipes among which one is selected: a grid, learning rates first.

    `truth` is the section `ground_truth` of the configuration.
    """
    own, grid = recipe_of(truth, method), truth["selection"]
    recipes = []
    for rate, decay in itertools.product(grid["learning_rates"], grid["weight_decays"]):
        recipe = own | {"learning_rate": rate, "weight_decay": decay}
        if "head_learning_rate" in own:
            # ASSUME: a head with a rate of its own keeps its ratio to the method's; of
            # the linear probe, nothing else trains.
            head = own["head_learning_rate"] * (rate / own["learning_rate"])
            recipe["head_learning_rate"] = head
        recipes.append(recipe)
    return recipes


def select_recipe(
    truth: Config, method: str, accuracies: Sequence[float]
) -> dict[str, Any]:
    """Return the candidate of the highest held-out accuracy; of several the first.

    `accuracies` are those of `candidate_recipes`, in their order.
    """
    pairs = zip(accuracies, candidate_recipes(truth, method), strict=True)
    return max(pairs, key=lambda pair: pair[0])[1]


def truth_plans(
    starts: Starts,
    hyperparameters: Config,
    truth: Config,
    data: Config,
    setting: Setting,
    recipes: Config | None = None,
) -> list[Plan]:
    """Return the plans of fine-tuning on one task: every method, every seed.

    Parameters
    ----------
    starts
        For each method, the keys of the runs to start from, by source seed. A seed
        without a source model of its own starts from the first.
    hyperparameters
        Of each method.
    truth
        The section `ground_truth` of the configuration.
    recipes
        Of each method; None where they are those of the configuration.
    """
    if recipes is None:
        recipes = {method: recipe_of(truth, method) for method in starts}
    return [
        Plan(
            "fine_tune",
            starts[method].get(seed, next(iter(starts[method].values()))),
            method,
            hyperparameters[method],
            recipes[method],
            data,
            seed,
            setting,
        )
        for method in starts
        for seed in truth["seeds"]
    ]


def selection_plans(
    starts: Starts,
    hyperparameters: Config,
    truth: Config,
    data: Config,
    setting: Setting,
) -> list[Plan]:
    """Return the plans of comparing recipes on held-out training images of one task.

    Every method tries all its candidates, in their order, with the first seed alone.
    `data` is that of the training images.
    """
    held_out = {**data, "validation_share": truth["selection"]["share"]}
    first = {**truth, "seeds": truth["seeds"][:1]}
    own = (hyperparameters, first, held_out, setting)
    return [
        plan
        for method in starts
        for recipe in candidate_recipes(truth, method)
        for plan in truth_plans({method: starts[method]}, *own, {method: recipe})
    ]


FIXED = "fixed"  # of config key `ground_truth.protocol`

UNDECIDED = {"recipe": "to be selected"}  # of a plan that no run is made by

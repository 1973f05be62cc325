"""Fine-tuning on a task, and the test accuracy that results."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from peftdiff.methods import METHODS
from peftdiff.models.device import Setting
from peftdiff.records import Tensors, read_table
from peftdiff.stages.fitting import fit_with_new_head
from peftdiff.stages.plan import Plan, Starts, recipe_of
from peftdiff.stages.starting import StartingModels, start_plan
from peftdiff.stages.store import Checkpoint, Run, RunStore
from peftdiff.training.recipe import Recipe

if TYPE_CHECKING:
    from peftdiff.data.images import Images

Config = Mapping[str, Any]

FIXED = "fixed"
"""The value of `ground_truth.protocol` by which recipes are those configured."""


def fine_tune(
    plan: Plan,
    *,
    store: RunStore,
    train_images: Images,
    test_images: Images,
    start: StartingModels,
) -> Run:
    """Fine-tune a source-trained method on a task; the test images are read once.

    A reference (linear, full) starts from the backbone. The result holds accuracy
    (percent), epochs, train_seconds and trainable_parameters; the fine-tuned weights
    are not kept.
    """
    from peftdiff.methods import trainable_parameters
    from peftdiff.models.forward import accuracy

    def train(checkpoint: Checkpoint) -> tuple[dict[str, Any], Tensors]:
        model = start_plan(
            plan,
            start.architecture,
            start.backbone.weights,
            start.weights(plan.start),
        )
        seconds = fit_with_new_head(model, plan, train_images, checkpoint)
        result = {
            "accuracy": accuracy(model, test_images, setting=plan.setting),
            "epochs": plan.training_recipe.epochs,
            "train_seconds": seconds,
            "trainable_parameters": trainable_parameters(model),
        }
        return result, {}

    return store.ensure(plan, train)


def fine_tune_pool(
    plans: Iterable[Plan],
    *,
    store: RunStore,
    train_images: Images,
    test_images: Images,
    start: StartingModels,
) -> pd.DataFrame:
    """Fine-tune by every plan; return a row of the ground truth for each."""
    rows = []
    for plan in plans:
        run = fine_tune(
            plan,
            store=store,
            train_images=train_images,
            test_images=test_images,
            start=start,
        )
        row = {
            "method": plan.method,
            "in_pool": METHODS[plan.method].in_pool,
            "seed": plan.seed,
            **run.result,
            "learning_rate": plan.training_recipe.learning_rate,
            "weight_decay": plan.training_recipe.weight_decay,
            "device": plan.setting.device,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def read_held_out(path: str) -> dict[str, list[float]]:
    """Return the held-out accuracies of each method's candidates, in their order."""
    rows = read_table(path).groupby("method")["accuracy"]
    return {str(method): list(accuracies) for method, accuracies in rows}


def candidate_recipes(truth: Config, method: str) -> list[Recipe]:
    """Return the recipes among which one is selected: a grid, learning rates first.

    `truth` is the section `ground_truth` of the configuration.
    """
    configured, grid = recipe_of(truth, method), truth["selection"]
    head_rate = configured.head_learning_rate
    recipes = []
    for rate, decay in itertools.product(grid["learning_rates"], grid["weight_decays"]):
        recipe = replace(configured, learning_rate=rate, weight_decay=decay)
        if head_rate is not None:
            # ASSUME: a head with a rate of its own keeps its ratio to the method's; of
            # the linear probe, nothing else trains.
            ratio = rate / configured.learning_rate
            recipe = replace(recipe, head_learning_rate=head_rate * ratio)
        recipes.append(recipe)
    return recipes


def select_recipe(truth: Config, method: str, accuracies: Sequence[float]) -> Recipe:
    """Return the candidate of the highest held-out accuracy; of several the first.

    `accuracies` are those of `candidate_recipes`, in their order.
    """
    pairs = zip(accuracies, candidate_recipes(truth, method), strict=True)
    return max(pairs, key=lambda pair: pair[0])[1]


def truth_plans(
    starts: Starts,
    recipes: Mapping[str, Recipe | None],
    *,
    hyperparameters: Config,
    seeds: Iterable[int],
    data: Config,
    setting: Setting,
) -> list[Plan]:
    """Return the plans of fine-tuning on one task: every method, every seed.

    Parameters
    ----------
    starts
        For each method, the keys of the runs to start from, by source seed. A seed
        without a source model of its own starts from the first.
    recipes
        The recipe of each method; None where it is still to be selected.
    hyperparameters
        The hyper-parameters of each method.
    seeds
        One run of each method has one of these seeds.
    data
        The part of the runs' identity that describes the task's images, see
        `plan.data_of`.
    setting
        How models run.
    """
    return [
        Plan(
            stage="fine_tune",
            start=starts[method].get(seed, next(iter(starts[method].values()))),
            method=method,
            hyperparameters=hyperparameters[method],
            recipe=recipes[method],
            data=data,
            seed=seed,
            setting=setting,
        )
        for method in starts
        for seed in seeds
    ]


def selection_plans(
    starts: Starts,
    *,
    hyperparameters: Config,
    truth: Config,
    data: Config,
    setting: Setting,
) -> list[Plan]:
    """Return the plans of comparing recipes on held-out training images of one task.

    Every method tries all its candidates, in their order, with the first seed alone.
    `truth` is the section `ground_truth` of the configuration, `data` that of the
    training images; the other parameters are those of `truth_plans`.
    """
    return [
        plan
        for method in starts
        for recipe in candidate_recipes(truth, method)
        for plan in truth_plans(
            {method: starts[method]},
            {method: recipe},
            hyperparameters=hyperparameters,
            seeds=truth["seeds"][:1],
            data={**data, "validation_share": truth["selection"]["share"]},
            setting=setting,
        )
    ]

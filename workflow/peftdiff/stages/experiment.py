"""The training runs that an experiment consists of, listed without training any.

Each function turns a part of the configuration into plans; the jobs carry them out, and
pruning keeps what they name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from peftdiff.config import FINE_TUNE
from peftdiff.methods import METHODS
from peftdiff.models.device import Setting
from peftdiff.stages.fine_tuning import (
    FIXED,
    candidate_recipes,
    select_recipe,
    selection_plans,
    truth_plans,
)
from peftdiff.stages.noah.search import noah_plans, searched_sizes
from peftdiff.stages.plan import (
    Config,
    Plan,
    Results,
    Starts,
    architecture_of,
    data_of,
    recipe_of,
)
from peftdiff.stages.pretraining import backbone_plan, cnn_plan, fetched_plan
from peftdiff.stages.source_training import source_plans
from peftdiff.training.recipe import Recipe

NOTHING: Results = MappingProxyType({})


def referenced_runs(
    config: Config,
    checksums: Mapping[str, Mapping[str, str]],
    setting: Setting,
    results: Results = NOTHING,
) -> set[str]:
    """Return the keys of all runs that an experiment's configuration refers to.

    `results` are as in `experiment_plans`.
    """
    plans = experiment_plans(config, checksums, setting, results=results)
    return {plan.key for plan in plans}


def experiment_plans(
    config: Config,
    checksums: Mapping[str, Mapping[str, str]],
    setting: Setting,
    *,
    studies: bool = True,
    results: Results = NOTHING,
) -> list[Plan]:
    """Return the plans of all runs of an experiment.

    Parameters
    ----------
    config
        The whole configuration.
    checksums
        The checksums, by split, of the images of "pretraining", "source" and each task;
        of a backbone with a name, that of its "weights" in place of "pretraining".
    studies
        If true, also list the CNN and the comparison of recipes. While a selection is
        unfinished: with `studies`, every candidate's runs; without, one placeholder for
        each seed.
    results
        The results of the finished runs, by key. Where NOAH's sizes are searched, they
        are taken from here; before the search is done, its runs have keys that no run
        will have.
    """
    source = config["source"]
    plans = _first_plans(config, checksums, setting, studies=studies)
    backbone = plans[0].key
    images = data_of([checksums["source"]["train"]], config["data"]["normalization"])
    methods = [*config["methods"], *config["ground_truth"]["references"]]
    sizes = {method: config["hyperparameters"].get(method, {}) for method in methods}
    if "noah" in sizes:
        search = noah_plans(
            config["noah"],
            backbone=backbone,
            hyperparameters=sizes["noah"],
            data=images,
            setting=setting,
        )
        plans += search
        sizes["noah"] = searched_sizes(sizes["noah"], search, results)
    starts: dict[str, dict[int, str]] = {}
    for method in methods:
        starts[method] = {0: backbone}
        if METHODS[method].in_pool:
            trained = source_plans(
                method,
                backbone=backbone,
                hyperparameters=sizes[method],
                recipe=recipe_of(source, method),
                seeds=source["seeds"],
                data=images,
                setting=setting,
            )
            starts[method] = {plan.seed: plan.key for plan in trained}
            plans += trained
    # Nothing is fine-tuned on an unavailable task, nor where the ground truth is a
    # published one.
    fine_tuned = config["ground_truth"]["source"] == FINE_TUNE
    tasks = config["tasks"] if fine_tuned else []
    for task in tasks:
        if checksums[task]:
            plans += _task_plans(
                config,
                checksums[task],
                starts=starts,
                sizes=sizes,
                setting=setting,
                studies=studies,
                results=results,
            )
    return plans


def _task_plans(
    config: Config,
    checksums: Mapping[str, str],
    *,
    starts: Starts,
    sizes: Config,
    setting: Setting,
    studies: bool,
    results: Results,
) -> list[Plan]:
    """Return the plans of one task: of comparing recipes, and of fine-tuning."""
    truth, normalization = config["ground_truth"], config["data"]["normalization"]
    whole = data_of([checksums["train"], checksums["test"]], normalization)
    trained = data_of([checksums["train"]], normalization)
    plans: list[Plan] = []
    for method in starts:
        compared = selection_plans(
            {method: starts[method]},
            hyperparameters=sizes,
            truth=truth,
            data=trained,
            setting=setting,
        )
        recipes: list[Recipe | None] = [recipe_of(truth, method)]
        if truth["protocol"] != FIXED:
            recipes = _selected(truth, method, compared, results, every=studies)
        for recipe in recipes:
            plans += truth_plans(
                {method: starts[method]},
                {method: recipe},
                hyperparameters=sizes,
                seeds=truth["seeds"],
                data=whole,
                setting=setting,
            )
        plans += compared if studies or truth["protocol"] != FIXED else []
    return plans


def _first_plans(
    config: Config,
    checksums: Mapping[str, Mapping[str, str]],
    setting: Setting,
    *,
    studies: bool,
) -> list[Plan]:
    """Return the plan of the backbone and, of the studies, that of the CNN."""
    backbone, pretraining = config["backbone"], {}
    if "pretraining" in checksums:
        images = [checksums["pretraining"]["train"]]
        pretraining = data_of(images, config["data"]["normalization"])
    if isinstance(backbone["architecture"], str):
        weights = checksums["backbone"]["weights"]
        first = fetched_plan(architecture_of(backbone), weights)
    else:
        first = backbone_plan(backbone, pretraining, setting)
    cnn = config["studies"]["cnn"]
    if studies and not isinstance(cnn["architecture"], str):
        return [first, cnn_plan(cnn, pretraining, setting)]
    return [first]


def _selected(
    truth: Config,
    method: str,
    compared: Sequence[Plan],
    results: Results,
    *,
    every: bool,
) -> list[Recipe | None]:
    """Return the selected recipe; until there is one, every candidate or None."""
    if all(plan.key in results for plan in compared):
        accuracies = [results[plan.key]["accuracy"] for plan in compared]
        return [select_recipe(truth, method, accuracies)]
    return [*candidate_recipes(truth, method)] if every else [None]

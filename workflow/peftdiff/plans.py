"""The training runs that an experiment consists of, listed without training any.

Each function turns a part of the configuration into plans; the jobs carry them out, and
pruning keeps what they name.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from peftdiff.methods import METHODS
from peftdiff.normalization import normalization_of
from peftdiff.runs import Plan
from peftdiff.runtime import Setting
from peftdiff.truth import FINE_TUNE

Config = Mapping[str, Any]
Starts = Mapping[str, Mapping[int, str]]
Results = Mapping[str, Mapping[str, Any]]

FIXED = "fixed"  # of config key `ground_truth.protocol`
UNDECIDED = {"recipe": "to be selected"}  # of a plan that no run is made by
NOTHING: Results = MappingProxyType({})
NOAH_SIZES = ("adapter", "lora", "prompts")  # the hyper-parameters that are searched


def recipe_of(section: Config, method: str) -> dict[str, Any]:
    """Return a section's recipe, with the learning rate that it sets for a method."""
    recipe: dict[str, Any] = section["recipe"]
    rate = section["learning_rates"].get(method, recipe["learning_rate"])
    return recipe | {"learning_rate": rate}


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


def data_of(checksums: Iterable[str], normalization: str | Config) -> dict[str, Any]:
    """Return what a run's result owes to its images and their normalization."""
    return {"checksums": list(checksums), **normalization_of(normalization)}


def architecture_of(backbone: Config) -> dict[str, Any]:
    """Return what the backbone is built from, of the section `backbone`.

    Either the sizes of the embedded one, or the name of one of timm's; its image_size
    is that of all images.
    """
    architecture = backbone["architecture"]
    if isinstance(architecture, str):
        return {"name": architecture, "image_size": backbone["image_size"]}
    return dict(architecture)


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


def source_plans(
    backbone: str,
    method: str,
    hyperparameters: Config,
    recipe: Config,
    seeds: Iterable[int],
    data: Config,
    setting: Setting,
) -> list[Plan]:
    """Return the plans of a method's source training, one per seed.

    `backbone` is the key of the run that all start from.
    """
    start = ("train_method", backbone, method, hyperparameters, recipe, data)
    return [Plan(*start, seed, setting) for seed in seeds]


def noah_plans(
    backbone: str, noah: Config, hyperparameters: Config, data: Config, setting: Setting
) -> list[Plan]:
    """Return the plans of NOAH's search, supernet and evolution; none without one.

    Parameters
    ----------
    backbone
        The key of the run that the supernet starts from.
    noah
        The section `noah` of the configuration.
    hyperparameters
        NOAH's; the sizes among them do not matter here.
    data
        That of the source images.
    """
    if noah["search"] == "none":
        return []
    level, seed = noah["levels"][noah["search"]], noah["seed"]
    sizes = {"preset", *NOAH_SIZES}
    own = {k: v for k, v in hyperparameters.items() if k not in sizes}
    space = {"sizes": level["sizes"], "depths": level["depths"], **own}
    split = {**data, "validation_share": noah["validation_share"]}
    made = ("noah", space, level["recipe"], split, seed, setting)
    supernet = Plan("train_supernet", backbone, *made)
    how = {**space, "evolution": level["evolution"]}
    made = ("noah", how, {}, split, seed, setting)
    return [supernet, Plan("search_noah", supernet.key, *made)]


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


def searched_sizes(
    hyperparameters: Config, search: list[Plan], results: Results
) -> dict[str, Any]:
    """Return NOAH's hyper-parameters with the sizes that its search has found."""
    if not search:
        return dict(hyperparameters)
    key = search[-1].key
    sizes = results[key]["sizes"] if key in results else {"searched_by": key}
    return {**hyperparameters, **sizes}


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
        With what the main job does without: the CNN, and the comparison of recipes
        where they are fixed. Where they are selected and no selection is finished, all
        that may come of it; else one run a seed stands for that.
    results
        Of the finished runs, by key. Where NOAH's sizes are searched, they are taken
        from here; before the search is done, its runs have keys that no run will have.
    """
    source, truth = config["source"], config["ground_truth"]
    pixels = config["data"]["normalization"]
    made = _first_plans(config, checksums, setting, studies=studies)
    backbone = made[0].key
    images = data_of([checksums["source"]["train"]], pixels)
    methods = [*config["methods"], *truth["references"]]
    sizes = {method: config["hyperparameters"].get(method, {}) for method in methods}
    if "noah" in sizes:
        search = noah_plans(backbone, config["noah"], sizes["noah"], images, setting)
        made += search
        sizes["noah"] = searched_sizes(sizes["noah"], search, results)
    starts = {}
    for method in methods:
        starts[method] = {0: backbone}
        if METHODS[method].in_pool:
            how = (sizes[method], recipe_of(source, method), source["seeds"], images)
            plans = source_plans(backbone, method, *how, setting)
            starts[method] = {plan.seed: plan.key for plan in plans}
            made += plans
    # Of an unavailable task nothing is fine-tuned, of a published ground truth no task.
    tuned = config["tasks"] if truth["source"] == FINE_TUNE else []
    for splits in (checksums[task] for task in tuned if checksums[task]):
        whole = data_of([splits["train"], splits["test"]], pixels)
        trained = data_of([splits["train"]], pixels)
        for method in starts:
            own = ({method: starts[method]}, sizes, truth)
            compared = selection_plans(*own, trained, setting)
            if truth["protocol"] == FIXED:
                made += truth_plans(*own, whole, setting)
                made += compared if studies else []
                continue
            made += compared
            for recipe in _selected(truth, method, compared, results, studies):
                made += truth_plans(*own, whole, setting, {method: recipe})
    return made


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
        made = [fetched_plan(architecture_of(backbone), weights)]
    else:
        made = [backbone_plan(backbone, pretraining, setting)]
    cnn = cnn_plan(config["studies"]["cnn"], pretraining, setting)
    return [*made, cnn] if studies and cnn else made


def _selected(
    truth: Config,
    method: str,
    compared: Sequence[Plan],
    results: Results,
    every: bool,
) -> list[dict[str, Any]]:
    """Return the selected recipe; until there is one, every candidate or a stand-in."""
    if all(plan.key in results for plan in compared):
        accuracies = [results[plan.key]["accuracy"] for plan in compared]
        return [select_recipe(truth, method, accuracies)]
    return candidate_recipes(truth, method) if every else [UNDECIDED]

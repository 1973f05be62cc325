"""The training runs that an experiment consists of, listed without training any.

Each function turns a part of the configuration into plans; the jobs carry them out, and
pruning keeps what they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from peftdiff.methods import METHODS
from peftdiff.runs import Plan
from peftdiff.runtime import Setting

Config = Mapping[str, Any]
Starts = Mapping[str, Mapping[int, str]]
Results = Mapping[str, Mapping[str, Any]]

NOAH_SIZES = ("adapter", "lora", "prompts")  # the hyper-parameters that are searched


def recipe_of(section: Config, method: str, factor: float = 1) -> dict[str, Any]:
    """Return a section's recipe, with the learning rate that it sets for a method.

    `factor` multiplies that rate: a candidate of the search for a good one.
    """
    recipe: dict[str, Any] = section["recipe"]
    rate = section["learning_rates"].get(method, recipe["learning_rate"])
    return recipe | {"learning_rate": factor * rate}


def data_of(checksums: Iterable[str], normalization: Config) -> dict[str, Any]:
    """Return what a run's result owes to its images and their normalization."""
    return {
        "checksums": list(checksums),
        "mean": normalization["mean"],
        "std": normalization["std"],
    }


def backbone_plan(backbone: Config, data: Config, setting: Setting) -> Plan:
    """Return the plan of the backbone's pre-training."""
    sizes, recipe = backbone["architecture"], backbone["recipe"]
    made = (sizes, recipe, data, backbone["seed"], setting)
    return Plan("pretrain_backbone", "", "full", *made)


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
    factors: Iterable[float] = (1,),
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
    factors
        Of the learning rate: several where candidates are compared.
    """
    return [
        Plan(
            "fine_tune",
            starts[method].get(seed, next(iter(starts[method].values()))),
            method,
            hyperparameters[method],
            recipe_of(truth, method, factor),
            data,
            seed,
            setting,
        )
        for method in starts
        for seed in truth["seeds"]
        for factor in factors
    ]


def validation_plans(
    starts: Starts,
    hyperparameters: Config,
    truth: Config,
    data: Config,
    setting: Setting,
) -> list[Plan]:
    """Return the plans of comparing learning rates on held-out training images.

    They use the first seed alone. `data` is that of the training images.
    """
    section = truth["validation"]
    held_out = {**data, "validation_share": section["share"]}
    first = {**truth, "seeds": truth["seeds"][:1]}
    factors = section["factors"]
    return truth_plans(starts, hyperparameters, first, held_out, setting, factors)


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
    results: Results = MappingProxyType({}),
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
    results: Results = MappingProxyType({}),
) -> list[Plan]:
    """Return the plans of all runs of an experiment.

    Parameters
    ----------
    config
        The whole configuration.
    checksums
        The checksums, by split, of the images of "pretraining", "source" and each task.
    studies
        With what the main job does without: the CNN, the comparison of learning rates.
    results
        Of the finished runs, by key. Where NOAH's sizes are searched, they are taken
        from here; before the search is done, its runs have keys that no run will have.
    """
    source, truth, pixels = config["source"], config["ground_truth"], config["data"]
    pretraining = data_of([checksums["pretraining"]["train"]], pixels)
    made = [backbone_plan(config["backbone"], pretraining, setting)]
    backbone = made[0].key
    images = data_of([checksums["source"]["train"]], pixels)
    methods = [*config["methods"], *truth["references"]]
    sizes = {method: config["hyperparameters"].get(method, {}) for method in methods}
    cnn = cnn_plan(config["studies"]["cnn"], pretraining, setting)
    if studies and cnn:
        made.append(cnn)
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
    for task in config["tasks"]:
        splits = checksums[task]
        if not splits:  # unavailable
            continue
        data = data_of([splits["train"], splits["test"]], pixels)
        trained = data_of([splits["train"]], pixels)
        made += truth_plans(starts, sizes, truth, data, setting)
        if studies:
            made += validation_plans(starts, sizes, truth, trained, setting)
    return made

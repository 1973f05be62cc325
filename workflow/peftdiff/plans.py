"""The training runs that an experiment consists of, listed without training any.

Each function turns a part of the configuration into plans; the jobs carry them out, and
pruning keeps what they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from peftdiff.methods import METHODS
from peftdiff.runs import Plan
from peftdiff.runtime import Setting
from peftdiff.truth import FINE_TUNE

Config = Mapping[str, Any]
Starts = Mapping[str, Mapping[int, str]]


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


def referenced_runs(
    config: Config, checksums: Mapping[str, Mapping[str, str]], setting: Setting
) -> set[str]:
    """Return the keys of all runs that an experiment's configuration refers to."""
    return {plan.key for plan in experiment_plans(config, checksums, setting)}


def experiment_plans(
    config: Config,
    checksums: Mapping[str, Mapping[str, str]],
    setting: Setting,
    *,
    studies: bool = True,
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
        data = data_of([splits["train"], splits["test"]], pixels)
        trained = data_of([splits["train"]], pixels)
        made += truth_plans(starts, sizes, truth, data, setting)
        if studies:
            made += validation_plans(starts, sizes, truth, trained, setting)
    return made

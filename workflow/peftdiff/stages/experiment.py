"""The training runs that an experiment consists of, listed without training any.

Each function turns a part of the configuration into plans; the jobs carry them out, and
pruning keeps what they name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from peftdiff.config import FINE_TUNE
from peftdiff.methods import METHODS
from peftdiff.models.device import Setting
from peftdiff.stages.fine_tuning import (
    FIXED,
    UNDECIDED,
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
    architecture_of,
    data_of,
    recipe_of,
)
from peftdiff.stages.pretraining import backbone_plan, cnn_plan, fetched_plan
from peftdiff.stages.source_training import source_plans

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

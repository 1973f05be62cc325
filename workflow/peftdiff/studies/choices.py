"""The choices where poster, text and published code disagree, one at a time.

Each choice of the score's definition is changed alone, the rest left as configured, but
for what ALONG says. The published code's chain is run from several start vectors of its
solver.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.correlation import mean_accuracies
from peftdiff.diffusion import diffusion_score
from peftdiff.runtime import Stopwatch, logger
from peftdiff.statistics import weighted_taus
from peftdiff.studies.parameters import SETTING, complete_parameters
from peftdiff.studies.pools import (
    Pools,
    correlate_scores,
    gather_pools,
    mean_scores,
    model_names,
    null_deviation,
)

# What each choice may be, the poster's or the published code's value among them.
VALUES: dict[str, tuple[Any, ...]] = {
    "symmetrize": ("max", "mean", "mutual"),
    "kernel_width": (1.0, "median", "self_tuning"),
    "self_loops": (True, False),
    "inter": ("squared", "root"),
    "min_class_size": (1, 10),
    "normalize": (True, False),
}
# Rows as they come have a scale of their own, and weights underflow at width 1.
ALONG = {("normalize", False): {"kernel_width": "median"}}
COMBINE = ("zscore", "relative")
DEFAULT = "default"
RUN = ["choice", "value", "start_seed"]

Features = Mapping[str, NDArray[np.float32]]
Floats = NDArray[np.float64]


class Run(NamedTuple):
    """The score with one choice changed, or a variant from one start seed."""

    choice: str
    value: str
    start_seed: int
    parameters: dict[str, Any]


def list_runs(parameters: Mapping[str, Any], start_seeds: Iterable[int]) -> list[Run]:
    """Return the runs that are compared: the default first, then each change of it.

    Parameters
    ----------
    parameters
        Of the metric, as configured.
    start_seeds
        Of the variants "symmetric" and "as_published"; the latter takes nothing else
        but diffusion time, neighbors and components.
    """
    default = complete_parameters(parameters)
    seed = default["seed"]
    runs = [Run(DEFAULT, DEFAULT, seed, default)]
    for choice, values in VALUES.items():
        for value in values:
            if value != default[choice]:
                along = ALONG.get((choice, value), {})
                changed = default | {choice: value} | along
                name = ", ".join(map(name_value, (value, *along.values())))
                runs.append(Run(choice, name, seed, changed))
    published = {name: default[name] for name in [*SETTING, "search"]}
    variants = {"symmetric": default, "as_published": complete_parameters(published)}
    for variant, options in variants.items():
        for start in start_seeds:
            changed = options | {"variant": variant, "seed": start}
            runs.append(Run("variant", variant, start, changed))
    return runs


def name_value(value: Any) -> str:
    """Return a choice's value as configurations spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def choice_components(
    features: Features,
    labels: NDArray[np.int64],
    parameters: Mapping[str, Any],
    start_seeds: Iterable[int],
) -> pd.DataFrame:
    """Return the class distances of every model of a task for each run.

    Parameters
    ----------
    features
        (n, d) features by model: "backbone", or "<method>/<seed>".
    labels
        (n,) class of each image.
    parameters, start_seeds
        See ``list_runs``.

    Returns
    -------
    DataFrame
        Columns model, seed, choice, value, start_seed, intra, inter, note. Where a
        choice cannot be computed the distances are empty, with the reason in `note`;
        the default must be computable.
    """
    runs = list_runs(parameters, start_seeds)
    smallest = int(np.unique(labels, return_counts=True)[1].min())
    rows = []
    for model, array in features.items():
        watch = Stopwatch()
        known: dict[frozenset[tuple[str, Any]], dict[str, Any]] = {}
        for run in runs:
            options, note = _without_effect(run.parameters, smallest)
            key = frozenset(options.items())
            if key not in known:
                known[key] = _distances(array, labels, options, run.choice)
            names = {**model_names(model), **dict(zip(RUN, run[:3], strict=True))}
            rows.append({**names, "note": note, **known[key]})
        logger.info("choices of %s: %.1f seconds", model, watch.seconds())
    order = ["model", "seed", *RUN, "intra", "inter", "note"]
    return pd.DataFrame(rows)[order]


def correlate_choices(components: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return what each choice does to the ranking, task by task.

    Parameters
    ----------
    components
        What ``choice_components`` gave for each task, with the column task.
    truth
        Rows of ground_truth.csv.

    Returns
    -------
    DataFrame
        Rows of choices.csv: weighted_tau with the accuracies; agreement, the weighted
        tau with the default's scores; run_agreement, of a variant, the mean weighted
        tau with its scores from the other start seeds. What is undefined is empty, with
        the reason in `note`.
    """
    means = mean_accuracies(truth)
    groups = truth.drop_duplicates("task").set_index("task")["group"]
    runs = components[RUN].drop_duplicates(ignore_index=True)
    tables = []
    for task in means.index:
        rows = components[components["task"] == task]
        table = _compare_runs(rows, runs, means.loc[task])
        table.insert(0, "task", task)
        table.insert(1, "group", groups[task])
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "experiment", truth["experiment"].iloc[0])
    table["n_methods"] = len(means.columns)
    table["null_sd"] = null_deviation(len(means.columns))
    return table[[*(name for name in table.columns if name != "note"), "note"]]


def _without_effect(
    parameters: dict[str, Any], smallest: int
) -> tuple[dict[str, Any], str]:
    """Return equal parameters for equal work: a class filter that drops no class."""
    least = parameters["min_class_size"]
    if 1 < least <= smallest:
        note = f"no class has fewer than {least} images"
        return parameters | {"min_class_size": 1}, note
    return parameters, ""


def _distances(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    parameters: dict[str, Any],
    choice: str,
) -> dict[str, Any]:
    """Return one embedding's class distances, or why a choice has none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            intra, inter, *_ = diffusion_score(features, labels, **parameters)
        except ValueError as reason:
            if choice == DEFAULT:
                raise
            return {
                "intra": math.nan,
                "inter": math.nan,
                "note": f"undefined: {reason}",
            }
    for warning in caught:
        logger.warning("%s: %s", choice, warning.message)
    return {"intra": intra, "inter": inter}


def _compare_runs(
    rows: pd.DataFrame, runs: pd.DataFrame, accuracies: pd.Series
) -> pd.DataFrame:
    """Return one task's taus and agreements, a row per run and way to combine."""
    pools = gather_pools(rows, list(accuracies.index), runs)
    scores = mean_scores(pools)
    taus, notes = correlate_scores(scores, accuracies, pools)
    default = runs.index[runs["choice"] == DEFAULT][0]
    given = rows.groupby(RUN, sort=False)["note"].agg(_first)
    reasons = given.reindex(pd.MultiIndex.from_frame(runs)).fillna("")
    table = runs.assign(
        weighted_tau=taus,
        agreement=weighted_taus(scores, scores[default]),
        run_agreement=_run_agreement(runs, scores),
        note=[reason or note for reason, note in zip(reasons, notes, strict=True)],
    )
    alone = Pools(pools.distances[[default]], pools.backbone[[default]])
    others = [
        _combined(alone, combine, scores[default], accuracies, runs.loc[default])
        for combine in COMBINE
    ]
    return pd.concat([table, pd.DataFrame(others)], ignore_index=True)


def _combined(
    pools: Pools,
    combine: str,
    default: Floats,
    accuracies: pd.Series,
    run: pd.Series,
) -> dict[str, Any]:
    """Return the row of the default's distances combined in another way."""
    row = {"choice": "combine", "value": combine, "start_seed": run["start_seed"]}
    try:
        scores = mean_scores(pools, combine)
    except ValueError as reason:
        return {**row, "note": f"undefined: {reason}"}
    taus, notes = correlate_scores(scores, accuracies, pools)
    agreement = weighted_taus(scores[0], default)
    found = {"weighted_tau": taus[0], "agreement": agreement, "note": notes[0]}
    return row | found


def _run_agreement(runs: pd.DataFrame, scores: Floats) -> Floats:
    """Return the mean tau of a variant's scores with its other start seeds' scores."""
    agreement = np.full(len(runs), math.nan)
    variants = runs[runs["choice"] == "variant"]
    for _, group in variants.groupby("value", sort=False):
        places = group.index.to_numpy()
        if len(places) < 2:
            continue
        taus = weighted_taus(scores[places][:, None], scores[places][None])
        np.fill_diagonal(taus, 0)
        agreement[places] = taus.sum(axis=1) / (len(places) - 1)
    return agreement


def _first(notes: Sequence[Any]) -> str:
    """Return the first note that says something."""
    return next((note for note in notes if isinstance(note, str) and note), "")

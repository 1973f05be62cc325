"""What each choice of the score does to the ranking of a task's methods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.evaluation.correlation import mean_accuracies
from peftdiff.evaluation.studies.choices import COMBINE, DEFAULT, RUN
from peftdiff.evaluation.studies.pools import (
    Pools,
    correlate_scores,
    gather_pools,
    mean_null_deviation,
    mean_scores,
    null_deviation,
)
from peftdiff.records import with_columns
from peftdiff.statistics import weighted_taus

Floats = NDArray[np.float64]


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
        tau with its scores from the other start seeds; null_sd, tau's standard
        deviation under random rankings, and mean_null_sd, that of the mean over tasks
        where one random order serves all tasks. What is undefined is empty, with the
        reason in `note`.
    """
    means = mean_accuracies(truth)
    groups = truth.drop_duplicates("task").set_index("task")["group"]
    runs = components[RUN].drop_duplicates(ignore_index=True)
    tables, scores = [], []
    for task in means.index:
        rows = components[components["task"] == task]
        table, scored = _compare_runs(rows, runs, means.loc[task])
        tables.append(with_columns(table, task=task, group=groups[task]))
        scores.append(scored)
    table = with_columns(
        pd.concat(tables, ignore_index=True), experiment=truth["experiment"].iloc[0]
    )
    table["n_methods"] = len(means.columns)
    table["null_sd"] = null_deviation(len(means.columns))
    # Every task has the same rows.
    by_chance = [
        mean_null_deviation(own, means.to_numpy())
        for own in np.stack(scores).swapaxes(0, 1)
    ]
    table["mean_null_sd"] = by_chance * len(tables)
    return table[[*(name for name in table.columns if name != "note"), "note"]]


def summarize_choices(choices: pd.DataFrame) -> pd.DataFrame:
    """Return what each choice changes on average, over start seeds and then tasks.

    Parameters
    ----------
    choices
        Rows of choices.csv.

    Returns
    -------
    DataFrame
        Columns choice, value, mean_weighted_tau, agreement, run_agreement, n_starts,
        n_tasks, note (over how many tasks the mean runs, where some are undefined).
    """
    rows = []
    for (choice, value), runs in choices.groupby(["choice", "value"], sort=False):
        by_task = runs.groupby("task", sort=False)
        tasks = by_task["weighted_tau"].mean()
        reasons = runs.loc[runs["weighted_tau"].isna(), "note"].dropna().unique()
        defined, total = int(tasks.notna().sum()), len(tasks)
        note = "; ".join([f"over {defined} of {total} tasks", *map(str, reasons)])
        rows.append(
            {
                "choice": choice,
                "value": value,
                "mean_weighted_tau": tasks.mean(),
                "agreement": by_task["agreement"].mean().mean(),
                "run_agreement": by_task["run_agreement"].mean().mean(),
                "n_starts": runs["start_seed"].nunique(),
                "n_tasks": defined,
                "note": note if defined < total else "",
            }
        )
    return pd.DataFrame(rows)


def _compare_runs(
    components: pd.DataFrame, runs: pd.DataFrame, accuracies: pd.Series
) -> tuple[pd.DataFrame, Floats]:
    """Return one task's taus and agreements, a row per run and way to combine.

    Beside them, the scores of each row.
    """
    pools = gather_pools(components, list(accuracies.index), runs)
    scores = mean_scores(pools)
    taus, notes = correlate_scores(scores, accuracies, pools)
    default = runs.index[runs["choice"] == DEFAULT][0]
    given = components.groupby(RUN, sort=False)["note"].agg(_first)
    reasons = given.reindex(pd.MultiIndex.from_frame(runs)).fillna("")
    table = runs.assign(
        weighted_tau=taus,
        agreement=weighted_taus(scores, scores[default]),
        run_agreement=_run_agreement(runs, scores),
        note=[reason or note for reason, note in zip(reasons, notes, strict=True)],
    )
    alone = Pools(pools.distances[[default]], pools.backbone[[default]])
    others, all_scores = [], [scores]
    for combine in COMBINE:
        row, combined = _combined(alone, combine, scores[default], accuracies)
        others.append({**row, "start_seed": runs.loc[default, "start_seed"]})
        all_scores.append(combined)
    whole = pd.DataFrame([*table.to_dict("records"), *others])
    return whole, np.concatenate(all_scores)


def _combined(
    pools: Pools, combine: str, default: Floats, accuracies: pd.Series
) -> tuple[dict[str, Any], Floats]:
    """Return row and scores of the default's distances combined in another way."""
    row: dict[str, Any] = {"choice": "combine", "value": combine}
    try:
        scores = mean_scores(pools, combine)
    except ValueError as reason:
        nothing = np.full((1, len(default)), math.nan)
        return {**row, "note": f"undefined: {reason}"}, nothing
    taus, notes = correlate_scores(scores, accuracies, pools)
    agreement = weighted_taus(scores[0], default)
    found = {"weighted_tau": taus[0], "agreement": agreement, "note": notes[0]}
    return row | found, scores


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

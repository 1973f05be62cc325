"""How well scores rank the pool as the ground truth does, task by task."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from peftdiff.evaluation.published.truth import NO_SEEDS, published_source
from peftdiff.evaluation.replicates import PARAMETER_COUNT, STATIC, replicates
from peftdiff.statistics import (
    null_distribution,
    p_value,
    permutation_null,
    reliability,
    static_ranks,
    weighted_tau,
)

COLUMNS = (
    "experiment",
    "task",
    "group",
    "metric",
    "weighted_tau",
    "n_methods",
    "p_value",
    "ci_low",
    "ci_high",
    "null_sd",
    "note",
)
RANDOM = "random"
EQUAL_HALF = "a half of the seeds has equal accuracies"
TOO_FEW_SEEDS = "too few seeds for an interval"
EXPECTED = "expected values"
ONE_METHOD = "one method alone has no ranking"


def complete_truth(
    truth: pd.DataFrame, tasks: Mapping[str, str], methods: Sequence[str]
) -> pd.DataFrame:
    """Return the ground truth with an empty accuracy wherever one is missing.

    So what was configured but is not there is a row of each table, with its reason,
    instead of being passed over: "7 of 19 tasks".

    Parameters
    ----------
    truth
        Rows of ground_truth.csv.
    tasks
        The configured tasks, each with its group.
    methods
        The configured pool.
    """
    pool = _pool(truth)
    there = set(zip(pool["task"], pool["method"], strict=True))
    absent = [
        {"task": task, "group": group, "method": method}
        for task, group in tasks.items()
        for method in methods
        if (task, method) not in there
    ]
    if not absent:
        return truth
    experiment, seed = truth["experiment"].iloc[0], truth["seed"].iloc[0]
    common = {"experiment": experiment, "in_pool": True, "seed": seed}
    rows = [*truth.to_dict("records"), *({**common, **row} for row in absent)]
    return pd.DataFrame(rows, columns=truth.columns)


def some_tasks(defined: Collection[str], tasks: Collection[str]) -> str:
    """Say over how many of all tasks something runs, and which are out, if any is."""
    absent = [task for task in tasks if task not in defined]
    if not absent:
        return ""
    return f"{len(defined)} of {len(tasks)} tasks: undefined on {', '.join(absent)}"


def some_methods(truth: pd.DataFrame) -> str:
    """Say how many of all methods are ranked, and which are not, if any is not."""
    ranked, methods = mean_accuracies(truth).columns, _pool(truth)["method"].unique()
    absent = [method for method in methods if method not in ranked]
    if not absent:
        return ""
    counts = f"{len(ranked)} of {len(methods)} methods"
    return f"{counts}: no accuracy for {', '.join(absent)}"


def correlate(scores: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return weighted tau per task and metric, the baselines' beside them.

    Scores and accuracies are averaged over seeds first. The baselines are rankings that
    look at no image of the task: `static` (mean rank on the other tasks),
    `parameter_count`, and `random`, whose tau is the expected one.

    Parameters
    ----------
    scores, truth
        Rows of scores.csv and of ground_truth.csv.

    Returns
    -------
    DataFrame
        Rows of correlation.csv. `p_value` is two-sided: the share of random orders of
        the methods (all, or 10 000 drawn) whose tau is at least as far from zero;
        `ci_low` and `ci_high` bound the 95 % bootstrap interval over seeds, which are
        drawn jointly for scores and accuracies; `null_sd` is the standard deviation of
        tau under random rankings without ties. What is undefined is empty, with the
        reason in `note`.
    """
    means, predicted = mean_accuracies(truth), predictions(scores, truth)
    seeds = replicates(scores, truth)
    intervals = {metric: seeds.seed_intervals(metric) for metric in predicted}
    has_enough_seeds = {metric: seeds.has_enough_seeds(metric) for metric in predicted}
    too_few = NO_SEEDS if published_source(truth) else TOO_FEW_SEEDS
    experiment = truth["experiment"].iloc[0]
    groups = truth.drop_duplicates("task").set_index("task")["group"]
    rows = []
    for task in means.index:
        names = {"experiment": experiment, "task": task, "group": groups[task]}
        for metric, table in predicted.items():
            row = _correlation(table.loc[task], means.loc[task])
            if not row["note"]:
                low, high = intervals[metric][task]
                note = "" if has_enough_seeds[metric][task] else too_few
                row |= {"ci_low": low, "ci_high": high, "note": note}
            rows.append({**names, "metric": metric, **row})
        expected = {"metric": RANDOM, "weighted_tau": 0.0, "note": EXPECTED}
        rows.append({**names, **expected})
    fewer = some_methods(truth)
    for row in rows if fewer else ():
        row["note"] = "; ".join(filter(None, [row["note"], fewer]))
    table = pd.DataFrame(rows).assign(
        n_methods=len(means.columns), null_sd=null_sd(len(means.columns))
    )
    return table.reindex(columns=COLUMNS)


def predictions(scores: pd.DataFrame, truth: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return, by metric and baseline, the scores that rank each task's methods.

    Tables of tasks x methods, mean scores over seeds, indexed as `mean_accuracies` is;
    NaN where a method has no score on a seed. `random` is not among them.
    """
    means = mean_accuracies(truth)
    predicted = {
        str(metric): table.pivot_table(
            "score", "task", "method", aggfunc=_mean_or_nan, dropna=False
        ).reindex(index=means.index, columns=means.columns)
        for metric, table in scores.groupby("metric", sort=False)
    }
    if len(means) > 1:  # It ranks by the other tasks.
        predicted[STATIC] = static_ranks(means)
    predicted[PARAMETER_COUNT] = (
        _pool(truth)
        .pivot_table("trainable_parameters", "task", "method", sort=False)
        .reindex(index=means.index, columns=means.columns)
    )
    return predicted


def mean_accuracies(truth: pd.DataFrame) -> pd.DataFrame:
    """Return the pool's mean accuracies over seeds, tasks x methods.

    A method without any accuracy is no part of it; a task without any is.
    """
    pool = _pool(truth)
    means = pool.pivot_table("accuracy", "task", "method", sort=False)
    return means.reindex(pd.Index(pool["task"].unique(), name="task"))


def accuracy_deviations(truth: pd.DataFrame) -> pd.DataFrame:
    """Return how far a method's accuracies on a task differ from seed to seed.

    Returns
    -------
    DataFrame
        Indexed by method and task: deviation (the standard deviation; NaN with one
        seed, or none) and n_seeds.
    """
    seeds = truth.groupby(["method", "task"], sort=False)["accuracy"]
    return pd.DataFrame({"deviation": seeds.std(ddof=1), "n_seeds": seeds.size()})


def averages(values: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Return each row's mean over some tasks, and over how many of them it runs.

    Parameters
    ----------
    values
        Rows x tasks; a NaN is undefined, and left out of the mean.
    tasks
        Which of the columns to average.

    Returns
    -------
    DataFrame
        Indexed as `values` is: mean (NaN without any value), n_tasks.
    """
    chosen = values.reindex(columns=list(tasks))
    return pd.DataFrame(
        {"mean": chosen.mean(axis=1), "n_tasks": chosen.notna().sum(axis=1)}
    )


def reliabilities(truth: pd.DataFrame) -> pd.DataFrame:
    """Return, per task, the weighted tau between halves of the ground truth's seeds."""
    pool, methods = _pool(truth), mean_accuracies(truth).columns
    rows = []
    for task, table in pool.groupby("task", sort=False):
        accuracies = table.pivot_table("accuracy", "seed", "method", sort=False)
        accuracies = accuracies.reindex(columns=methods)
        absent = accuracies.columns[accuracies.isna().any()]
        value, note = math.nan, ""
        if table["accuracy"].notna().any() and table["seed"].isna().all():
            note = NO_SEEDS
        elif len(absent):
            note = f"a seed has no accuracy for {', '.join(absent)}"
        elif accuracies.empty:
            note = "no accuracies"
        elif len(methods) < 2:
            note = ONE_METHOD
        elif len(accuracies) == 1:
            note = "one seed: no halves to compare"
        else:
            value = reliability(accuracies.to_numpy())
            note = EQUAL_HALF if math.isnan(value) else ""
        rows.append(
            {
                "experiment": table["experiment"].iloc[0],
                "task": task,
                "group": table["group"].iloc[0],
                "seeds": len(accuracies),
                "reliability": value,
                "note": note,
            }
        )
    return pd.DataFrame(rows)


def mean_reliability(reliability: pd.DataFrame) -> float:
    """Return the mean over tasks of rows of reliability.csv; NaN without any."""
    return float(reliability["reliability"].astype(float).mean())


def null_sd(n_methods: int) -> float:
    """Return the standard deviation of a random ranking's tau; NaN with one method."""
    if n_methods < 2:
        return math.nan
    return float(np.std(null_distribution(n_methods)))


def _pool(truth: pd.DataFrame) -> pd.DataFrame:
    return truth[truth["in_pool"].astype(bool)]


def _mean_or_nan(values: pd.Series) -> float:
    # A method without a score on one seed has none on the average.
    return float(values.mean(skipna=False))


def tau_of(scores: pd.Series, accuracies: pd.Series) -> tuple[float, str]:
    """Return one task's weighted tau, or NaN and the reason why it is undefined."""
    if len(scores) < 2:
        return math.nan, ONE_METHOD
    for what, values in (("score", scores), ("accuracy", accuracies)):
        if values.isna().any():
            return math.nan, f"no {what} for {', '.join(values.index[values.isna()])}"
    for what, values in (("scores", scores), ("accuracies", accuracies)):
        if values.nunique() == 1:
            return math.nan, f"all {what} are equal"
    return weighted_tau(scores.to_numpy(), accuracies.to_numpy()), ""


def _correlation(scores: pd.Series, accuracies: pd.Series) -> dict[str, Any]:
    """Return one cell's tau and p-value, or the reason why it is undefined."""
    tau, note = tau_of(scores, accuracies)
    if note:
        return {"weighted_tau": tau, "p_value": math.nan, "note": note}
    null = permutation_null(scores.to_numpy(), accuracies.to_numpy())
    return {"weighted_tau": tau, "p_value": p_value(tau, null), "note": ""}

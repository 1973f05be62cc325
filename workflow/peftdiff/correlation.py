"""How well scores rank the pool as the ground truth does, task by task."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from peftdiff.statistics import (
    null_distribution,
    reliability,
    static_ranks,
    weighted_tau,
)

EQUAL_HALF = "a half of the seeds has equal accuracies"


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
        Rows of correlation.csv; an undefined tau is empty, with the reason in `note`.
    """
    means = mean_accuracies(truth)
    predicted = {
        metric: table.pivot_table(
            "score", "task", "method", aggfunc=_mean_or_nan, dropna=False
        ).reindex(index=means.index, columns=means.columns)
        for metric, table in scores.groupby("metric", sort=False)
    }
    predicted["static"] = static_ranks(means)
    predicted["parameter_count"] = (
        _pool(truth)
        .pivot_table("trainable_parameters", "task", "method", sort=False)
        .reindex(index=means.index, columns=means.columns)
    )
    experiment = truth["experiment"].iloc[0]
    groups = truth.drop_duplicates("task").set_index("task")["group"]
    null = null_distribution(len(means.columns))
    rows = []
    for task in means.index:
        names = {"experiment": experiment, "task": task, "group": groups[task]}
        for metric, table in predicted.items():
            tau, note = _tau(table.loc[task], means.loc[task])
            rows.append({**names, "metric": metric, "weighted_tau": tau, "note": note})
        expected = {"metric": "random", "weighted_tau": 0.0, "note": ""}
        rows.append({**names, **expected})
    return pd.DataFrame(rows).assign(
        n_methods=len(means.columns), null_sd=float(np.std(null))
    )[
        [
            *("experiment", "task", "group", "metric", "weighted_tau"),
            *("n_methods", "null_sd", "note"),
        ]
    ]


def mean_accuracies(truth: pd.DataFrame) -> pd.DataFrame:
    """Return the pool's mean accuracies over seeds, tasks x methods."""
    return _pool(truth).pivot_table("accuracy", "task", "method", sort=False)


def reliabilities(truth: pd.DataFrame) -> pd.DataFrame:
    """Return, per task, the weighted tau between halves of the ground truth's seeds."""
    pool = _pool(truth)
    rows = []
    for task, table in pool.groupby("task", sort=False):
        accuracies = table.pivot_table("accuracy", "seed", "method", sort=False)
        value = reliability(accuracies.to_numpy())
        note = ""
        if math.isnan(value):
            alone = len(accuracies) == 1
            note = "one seed: no halves to compare" if alone else EQUAL_HALF
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


def tau_page(correlation: pd.DataFrame, reliability: pd.DataFrame) -> str:
    """Return the weighted taus as a page of text for the terminal and the report."""
    experiment = correlation["experiment"].iloc[0]
    n_methods = int(correlation["n_methods"].max())
    n_tasks = correlation["task"].nunique()
    one = float(correlation["null_sd"].max())
    mean = one / math.sqrt(n_tasks)
    return (
        f"# Weighted tau with the ground truth: {experiment}, {n_methods} methods\n\n"
        f"{_tau_table(correlation)}\n\n"
        "A random ranking's weighted tau has mean 0 and standard deviation"
        f" {one:.2f} on one task,\nand {mean:.2f} on the mean of {n_tasks} tasks: means"
        f" within +-{2 * mean:.2f} are not distinguishable from chance.\n"
        f"{_reliability_sentence(reliability)}\n"
        "static (mean rank on the other tasks), parameter_count and random are"
        " baselines that look at no image.\n"
    )


def _tau_table(correlation: pd.DataFrame) -> str:
    taus = correlation.pivot_table(
        "weighted_tau", "metric", "task", sort=False, dropna=False
    )
    n_tasks, counts = len(taus.columns), taus.notna().sum(axis=1)
    taus["mean"] = taus.mean(axis=1)
    page = taus.map(lambda tau: "undefined" if math.isnan(tau) else f"{tau:+.2f}")
    page["tasks"] = [f"{count} of {n_tasks}" for count in counts]
    aligned = ["left"] + ["right"] * len(page.columns)
    return page.to_markdown(disable_numparse=True, colalign=aligned)


def _reliability_sentence(reliability: pd.DataFrame) -> str:
    halves = reliability["reliability"].mean()
    if math.isnan(halves):
        return "The ground truth's reliability is unknown (see reliability.csv)."
    return (
        "Ground truth of one half of the seeds against that of the other half"
        f" (reliability): mean weighted tau {halves:+.2f}."
    )


def _pool(truth: pd.DataFrame) -> pd.DataFrame:
    return truth[truth["in_pool"].astype(bool)]


def _mean_or_nan(values: pd.Series) -> float:
    # A method without a score on one seed has none on the average.
    return float(values.mean(skipna=False))


def _tau(scores: pd.Series, accuracies: pd.Series) -> tuple[float, str]:
    if scores.isna().any():
        absent = ", ".join(scores.index[scores.isna()])
        return math.nan, f"no score for {absent}"
    for what, values in (("scores", scores), ("accuracies", accuracies)):
        if values.nunique() == 1:
            return math.nan, f"all {what} are equal"
    return weighted_tau(scores.to_numpy(), accuracies.to_numpy()), ""

"""How well scores rank the pool as the ground truth does, task by task."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from peftdiff.statistics import null_distribution, reliability, static_ranks, weighted_tau

BASELINES = ("static", "parameter_count", "random")


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
    """Return the pool's accuracies averaged over seeds: a row a task, a column a method."""
    return _pool(truth).pivot_table("accuracy", "task", "method", sort=False)


def reliabilities(truth: pd.DataFrame) -> pd.DataFrame:
    """Return, per task, the weighted tau between halves of the ground truth's seeds."""
    pool = _pool(truth)
    rows = []
    for task, table in pool.groupby("task", sort=False):
        accuracies = table.pivot_table("accuracy", "seed", "method", sort=False)
        value = reliability(accuracies.to_numpy())
        rows.append(
            {
                "experiment": table["experiment"].iloc[0],
                "task": task,
                "group": table["group"].iloc[0],
                "seeds": len(accuracies),
                "reliability": value,
                "note": "one seed: no halves to compare" if math.isnan(value) else "",
            }
        )
    return pd.DataFrame(rows)


def tau_page(correlation: pd.DataFrame, reliability: pd.DataFrame) -> str:
    """Return the weighted taus as a page of text for the terminal and the report."""
    experiment = correlation["experiment"].iloc[0]
    n_methods = int(correlation["n_methods"].max())
    null_sd = float(correlation["null_sd"].max())
    taus = correlation.pivot_table(
        "weighted_tau", "metric", "task", sort=False, dropna=False
    )
    counts = taus.notna().sum(axis=1)
    taus["mean"] = taus.mean(axis=1)
    taus["tasks"] = [f"{count} of {len(taus.columns) - 1}" for count in counts]
    table = taus.round(2).to_markdown(floatfmt="+.2f", missingval="undefined")
    n_tasks = len(taus.columns) - 2
    spread = null_sd / math.sqrt(n_tasks)
    halves = reliability["reliability"].mean()
    sentence = (
        "With one seed, the ground truth's reliability is unknown."
        if math.isnan(halves)
        else "Ground truth of one half of the seeds against the other half (reliability):"
        f" mean weighted tau {halves:+.2f}."
    )
    return (
        f"# Weighted tau with the ground truth: {experiment}, {n_methods} methods\n\n"
        f"{table}\n\n"
        f"A random ranking's weighted tau has mean 0 and standard deviation {null_sd:.2f}"
        f" on one task,\nand {spread:.2f} on the mean of {n_tasks} tasks: means within"
        f" +-{2 * spread:.2f} are not distinguishable from chance.\n{sentence}\n"
        "static (mean rank on the other tasks), parameter_count and random are baselines"
        " that look at no image.\n"
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
    tau = weighted_tau(scores.to_numpy(), accuracies.to_numpy())
    return tau, "all scores are equal" if math.isnan(tau) else ""

"""The main tables: weighted tau, accuracies, and what first choices lose."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from peftdiff.evaluation.first_choice import regrets
from peftdiff.evaluation.published import source_label
from peftdiff.evaluation.published.truth import published_source
from peftdiff.evaluation.replicates import BASELINES
from peftdiff.reporting.labels import (
    method_label,
    metric_label,
    order_methods,
    order_metrics,
)
from peftdiff.reporting.webpage.by_task import (
    OVERALL,
    groups_of,
    task_table,
    texts,
    wide,
)
from peftdiff.reporting.webpage.cells import Table, counted, number

MARKS = "Bold: the best of a column. Underlined: the second."
BASELINE_ROWS = "Rows in italics look at no image and are not ranked."
PRINTED = {"all": OVERALL}


def tau_table(correlation: pd.DataFrame) -> Table:
    """Return weighted tau, metrics x tasks, in the poster's layout."""
    values = wide(correlation, "metric", "weighted_tau")
    values = values.reindex(order_metrics(values.index))
    undefined = correlation[correlation["weighted_tau"].isna()]
    return task_table(
        "tau",
        "Weighted tau between a metric's scores and the accuracies",
        values,
        groups_of(correlation),
        heading="Metric",
        label=metric_label,
        kinds=dict.fromkeys(BASELINES, "baseline"),
        notes=texts(undefined, "metric"),
        hints=_tau_hints(correlation),
        legend=f"{MARKS} {BASELINE_ROWS}{_chance(correlation)}",
    )


def _chance(correlation: pd.DataFrame) -> str:
    deviation = correlation["null_sd"].max()
    if pd.isna(deviation):
        return ""
    return (
        f" A random ranking's tau on one task has a standard deviation of"
        f" {number(deviation)}."
    )


def accuracy_table(truth: pd.DataFrame) -> Table:
    """Return mean accuracies, methods x tasks; references outside the pool below."""
    pool = truth[truth["in_pool"].astype(bool)]
    values = wide(truth, "method", "accuracy")
    inside = order_methods(pool["method"])
    outside = [m for m in order_methods(values.index) if m not in inside]
    source = published_source(truth)
    seeds = counted(pool["seed"].nunique(), "seed")
    legend = f"{MARKS} Each is the mean over {seeds}; its spread shows on pointing."
    kind = "published test accuracy" if source else "test accuracy"
    if source:
        legend = f"{MARKS} Published ({source_label(source)}), not measured here."
    if outside:
        legend += " Rows in italics are references outside the pool."
    return task_table(
        "accuracy",
        f"Ground truth: {kind} after fine-tuning, percent",
        values.reindex([*inside, *outside]),
        groups_of(truth),
        heading="Method",
        label=method_label,
        kinds=dict.fromkeys(outside, "reference"),
        hints=_accuracy_hints(truth),
        decimals=1,
        legend=legend,
    )


def regret_table(scores: pd.DataFrame, truth: pd.DataFrame) -> Table:
    """Return the points of accuracy lost by first choices, metrics x tasks."""
    values = regrets(scores, truth)
    return task_table(
        "regret",
        "Points of accuracy lost by taking a metric's first choice",
        values.reindex(order_metrics(values.index)),
        groups_of(truth),
        heading="Metric",
        label=metric_label,
        kinds=dict.fromkeys(BASELINES, "baseline"),
        notes={
            (metric, task): "a method has no score or no accuracy"
            for metric in values.index
            for task in values.columns
        },
        highest=False,
        decimals=1,
        legend=f"{MARKS} {BASELINE_ROWS} Random: a method drawn at random.",
    )


def poster_table(taus: pd.DataFrame, averages: pd.DataFrame) -> Table:
    """Return the poster's own table, its averages as printed.

    Parameters
    ----------
    taus, averages
        Rows of the published weighted_tau.csv and averages.csv.
    """
    renamed = taus.rename(columns={"dataset": "task"})
    values = wide(renamed, "metric", "weighted_tau")
    empty = renamed[renamed["weighted_tau"].isna()]
    printed: dict[str, dict[str, float]] = {}
    for row in averages.to_dict("records"):
        group = PRINTED.get(row["group"], row["group"])
        printed.setdefault(group, {})[row["metric"]] = float(row["weighted_tau"])
    return task_table(
        "poster",
        "The poster's table: weighted tau on VTAB-1k, as printed (ViT-B/16)",
        values,
        groups_of(renamed),
        heading="Metric",
        label=metric_label,
        notes={
            (metric, task): "printed as NaN"
            for metric, task in zip(empty["metric"], empty["task"], strict=True)
        },
        decimals=3,
        averages=printed,
        legend=f"{MARKS} Nothing here was measured by this project.",
    )


def gain_rows(
    correlation: pd.DataFrame, subject: str, printed: pd.DataFrame
) -> pd.DataFrame:
    """Return how far one metric's mean tau is above each other's.

    Both means run over the tasks that have both. The ratio is the poster's "average
    improvement"; it means something between positive numbers only.

    Returns
    -------
    DataFrame
        Indexed by metric: n_tasks, difference, percent, printed (the poster's percent).
    """
    taus = wide(correlation, "metric", "weighted_tau").drop("random", errors="ignore")
    poster = printed.set_index("metric")["percent"]
    rows = {}
    for metric in order_metrics(taus.index):
        if metric == subject or subject not in taus.index:
            continue
        both = taus.loc[[subject, metric]].dropna(axis=1)
        ours, theirs = both.mean(axis=1)
        sensible = ours > 0 and theirs > 0
        rows[metric] = {
            "n_tasks": both.shape[1],
            "difference": ours - theirs,
            "percent": 100 * (ours / theirs - 1) if sensible else float("nan"),
            "printed": poster.get(metric, float("nan")),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _tau_hints(correlation: pd.DataFrame) -> Mapping[tuple[str, str], str]:
    return {
        (row["metric"], row["task"]): f"p = {number(row['p_value'], 3)}"
        for row in correlation.to_dict("records")
        if not pd.isna(row["p_value"])
    }


def _accuracy_hints(truth: pd.DataFrame) -> Mapping[tuple[str, str], str]:
    hints = {}
    for (method, task), rows in truth.groupby(["method", "task"], sort=False):
        values = rows["accuracy"]
        spread = values.std(ddof=1)
        if len(values) > 1 and not pd.isna(spread):
            hints[str(method), str(task)] = (
                f"± {number(spread, 1)} over {len(values)} seeds"
            )
    return hints

"""The main tables: weighted tau, accuracies, and what first choices lose."""

from __future__ import annotations

import pandas as pd

from peftdiff.evaluation.comparison import gains
from peftdiff.evaluation.correlation import accuracy_deviations
from peftdiff.evaluation.first_choice import regrets
from peftdiff.evaluation.replicates import BASELINES
from peftdiff.reporting.figures.tables import tasks_by_group
from peftdiff.reporting.labels import (
    method_label,
    metric_label,
    order_methods,
    order_metrics,
)
from peftdiff.reporting.text import number
from peftdiff.reporting.webpage.by_task import OVERALL, task_table, wide
from peftdiff.reporting.webpage.tables import (
    Column,
    Table,
    decimals,
    make_table,
    notes_of,
)

BASELINE_ROWS = dict.fromkeys(BASELINES, "baseline")


def tau_table(correlation: pd.DataFrame) -> Table:
    """Return weighted tau, metrics x tasks, in the poster's layout."""
    values = wide(correlation, "metric", "weighted_tau")
    undefined = correlation[correlation["weighted_tau"].isna()]
    tested = correlation[correlation["p_value"].notna()]
    keys = zip(tested["metric"], tested["task"], strict=True)
    return task_table(
        "tau",
        values.reindex(order_metrics(values.index)),
        tasks_by_group(correlation),
        heading="Metric",
        label=metric_label,
        kinds=BASELINE_ROWS,
        notes=notes_of(undefined, "metric", "task"),
        hints={
            key: f"p = {number(p, 3)}"
            for key, p in zip(keys, tested["p_value"], strict=True)
        },
    )


def accuracy_table(truth: pd.DataFrame) -> Table:
    """Return mean accuracies, methods x tasks; references outside the pool below."""
    inside = order_methods(truth.loc[truth["in_pool"].astype(bool), "method"])
    outside = [m for m in order_methods(truth["method"]) if m not in inside]
    spread = accuracy_deviations(truth).dropna()
    return task_table(
        "accuracy",
        wide(truth, "method", "accuracy").reindex([*inside, *outside]),
        tasks_by_group(truth),
        heading="Method",
        label=method_label,
        digits=1,
        kinds=dict.fromkeys(outside, "reference"),
        hints={
            index: f"± {number(deviation, 1)} over {seeds:.0f} seeds"
            for index, deviation, seeds in spread.itertuples()
        },
    )


def regret_table(scores: pd.DataFrame, truth: pd.DataFrame) -> Table:
    """Return the points of accuracy lost by first choices, metrics x tasks."""
    values = regrets(scores, truth)
    return task_table(
        "regret",
        values.reindex(order_metrics(values.index)),
        tasks_by_group(truth),
        heading="Metric",
        label=metric_label,
        best="lowest",
        digits=1,
        kinds=BASELINE_ROWS,
        missing="a method has no score or no accuracy",
    )


def poster_table(taus: pd.DataFrame, averages: pd.DataFrame) -> Table:
    """Return the poster's own table, its averages as printed.

    Parameters
    ----------
    taus, averages
        Rows of the published weighted_tau.csv and averages.csv.
    """
    renamed = taus.rename(columns={"dataset": "task"})
    printed = averages.replace({"group": {"all": OVERALL}}).set_index("metric")
    return task_table(
        "poster",
        wide(renamed, "metric", "weighted_tau"),
        tasks_by_group(renamed),
        heading="Metric",
        label=metric_label,
        digits=3,
        missing="printed as NaN",
        printed={
            str(group): {str(m): float(tau) for m, tau in own["weighted_tau"].items()}
            for group, own in printed.groupby("group")
        },
    )


def gains_table(
    correlation: pd.DataFrame, metric: str, printed: pd.DataFrame
) -> Table | None:
    """Return how far one metric is above each other; None where there is no other.

    Parameters
    ----------
    correlation
        Rows of correlation.csv.
    metric
        The one that is compared with all others.
    printed
        Rows of the published improvements.csv: metric, percent.
    """
    found = gains(correlation, metric)
    if found.empty:
        return None
    found = found.reindex(order_metrics(found.index))
    frame = found.assign(
        metric=found.index, printed=printed.set_index("metric")["percent"]
    )
    columns = (
        Column("metric", "Metric", metric_label),
        Column("difference", "Difference", hint="of the mean weighted taus"),
        Column(
            "percent",
            "Improvement, %",
            decimals(1),
            hint="ratio of the means, less one",
            missing="no ratio: an average is not above zero",
        ),
        Column(
            "printed",
            "Poster, %",
            hint="as printed, on VTAB-1k",
            missing="not on the poster",
        ),
        Column("n_tasks", "Tasks", decimals(0), hint="where both are defined"),
    )
    return make_table("gains", frame, columns)

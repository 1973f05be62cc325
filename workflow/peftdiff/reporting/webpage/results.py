"""The main tables: weighted tau, accuracies, and what first choices lose."""

from __future__ import annotations

import pandas as pd

from peftdiff.evaluation.comparison import gains
from peftdiff.evaluation.correlation import accuracy_deviations
from peftdiff.evaluation.replicates import BASELINES
from peftdiff.evaluation.standings import ONE_BEST, SOME_ALIKE
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
    BEST,
    Column,
    Table,
    decimals,
    make_table,
    notes_of,
)

BASELINE_ROWS = dict.fromkeys(BASELINES, "baseline")


def tau_table(correlation: pd.DataFrame, summary: pd.DataFrame) -> Table:
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
        overall=_overall(summary, "mean_weighted_tau"),
    )


def _overall(summary: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a mean over tasks as the summary has it: by metric, mean and n_tasks."""
    names = {column: "mean", "n_tasks": "n_tasks"}
    return summary.set_index("metric")[list(names)].rename(columns=names)


CONSTANT = {
    "chance": "Guessing",
    "majority_share": "Most frequent class",
}


def accuracy_table(
    truth: pd.DataFrame, standings: pd.DataFrame, tasks: pd.DataFrame
) -> Table:
    """Return mean accuracies, methods x tasks.

    Below the pool are references outside of it, and what is right without a look at an
    image. Marked are the best of a task and the methods that cannot be told from it,
    where some can.
    """
    inside = order_methods(truth.loc[truth["in_pool"].astype(bool), "method"])
    outside = [m for m in order_methods(truth["method"]) if m not in inside]
    spread = accuracy_deviations(truth).dropna()
    constant = tasks.set_index("task")[list(CONSTANT)].astype(float).T
    constant = constant[constant.notna().any(axis=1)]
    values = wide(truth, "method", "accuracy")
    values.update(wide(standings, "method", "accuracy"))
    below = [*outside, *constant.index]
    told = tasks.loc[tasks["verdict"].isin([ONE_BEST, SOME_ALIKE]), "task"]
    among = standings[standings["among_best"].eq(True) & standings["task"].isin(told)]
    return task_table(
        "accuracy",
        pd.concat([values, constant]).reindex([*inside, *below]),
        tasks_by_group(truth),
        heading="Method",
        label=lambda slug: CONSTANT.get(slug) or method_label(slug),
        digits=1,
        kinds=dict.fromkeys(below, "reference"),
        marks=dict.fromkeys(zip(among["method"], among["task"], strict=True), BEST),
        hints={
            index: f"± {number(deviation, 1)} over {seeds:.0f} seeds"
            for index, deviation, seeds in spread.itertuples()
        },
    )


def regret_table(first_choices: pd.DataFrame, summary: pd.DataFrame) -> Table:
    """Return the points of accuracy lost by first choices, metrics x tasks."""
    values = wide(first_choices, "metric", "regret")
    return task_table(
        "regret",
        values.reindex(order_metrics(values.index)),
        tasks_by_group(first_choices),
        heading="Metric",
        label=metric_label,
        best="lowest",
        digits=1,
        kinds=BASELINE_ROWS,
        missing="a method has no score or no accuracy",
        overall=_overall(summary, "regret_at_1"),
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
    if not (found.get("n_tasks", pd.Series(dtype=float)) > 0).any():
        return None
    found = found[found["n_tasks"] > 0]
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

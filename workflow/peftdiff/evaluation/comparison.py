"""Whether the metrics differ at all: the tests of Friedman and Nemenyi over tasks."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pandas as pd

from peftdiff.evaluation.correlation import RANDOM
from peftdiff.evaluation.verdict import LEVEL
from peftdiff.statistics import critical_difference, friedman, nemenyi

FEW_TASKS = 10  # Below this, chi-squared is rough and little can be noticed.
NO_TEST = "no test: it needs two tasks and three metrics"
FRIEDMAN = (
    "experiment",
    "metric",
    "mean_rank",
    "n_tasks",
    "n_metrics",
    "statistic",
    "p_value",
    "critical_difference",
    "note",
)
NEMENYI = ("experiment", "metric", "other", "rank_difference", "p_value")


def compare_all(correlation: pd.DataFrame) -> pd.DataFrame:
    """Test whether the metrics differ, by the ranks of their taus within each task.

    Blocks are tasks. `static` and `parameter_count` compete, too; `random` does not, as
    its taus are expected ones. A metric whose tau is undefined on any task is out.

    Parameters
    ----------
    correlation
        Rows of correlation.csv.

    Returns
    -------
    DataFrame
        Rows of friedman.csv, one per metric, best first: `mean_rank` (1 is the best),
        and what holds for all of them: `n_tasks`, `n_metrics`, `statistic`
        (chi-squared) and `p_value` of Friedman's test, `critical_difference` of mean
        ranks (Nemenyi, 5 %). `note` says that a metric is out, and why, or that tasks
        are few.
    """
    taus = correlation[correlation["metric"] != RANDOM].pivot_table(
        "weighted_tau", "task", "metric", sort=False, dropna=False
    )
    undefined = taus.columns[taus.isna().any()]
    ranked = taus.drop(columns=undefined)
    rows = [{"metric": metric, **row} for metric, row in _ranks(ranked).items()]
    for metric in undefined:
        absent = ", ".join(taus.index[taus[metric].isna()])
        rows.append({"metric": metric, "note": f"out: no tau on {absent}"})
    table = pd.DataFrame(rows).assign(
        experiment=correlation["experiment"].iloc[0],
        n_tasks=len(ranked),
        n_metrics=len(ranked.columns),
    )
    return table.reindex(columns=FRIEDMAN)


def compare_pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Test each pair of metrics; this means something only where all together differ.

    Parameters
    ----------
    table
        Rows of friedman.csv.

    Returns
    -------
    DataFrame
        Rows of nemenyi.csv: `rank_difference` is that of the mean ranks, negative where
        `metric` is better than `other`; `p_value` holds for all pairs together.
    """
    ranked = table[table["mean_rank"].notna()]
    if ranked.empty:
        return pd.DataFrame(columns=NEMENYI)
    ranks, metrics = ranked["mean_rank"].to_numpy(), list(ranked["metric"])
    p_values = nemenyi(ranks, int(ranked["n_tasks"].iloc[0]))
    return pd.DataFrame(
        [
            {
                "experiment": ranked["experiment"].iloc[0],
                "metric": metrics[one],
                "other": metrics[other],
                "rank_difference": ranks[one] - ranks[other],
                "p_value": p_values[one, other],
            }
            for one, other in itertools.combinations(range(len(metrics)), 2)
        ]
    )


def differ(table: pd.DataFrame) -> bool:
    """Whether Friedman's test finds that the metrics differ (rows of friedman.csv)."""
    return not table.empty and bool(table["p_value"].iloc[0] <= LEVEL)


def beyond_difference(gap: float, friedman: pd.DataFrame) -> bool:
    """Whether two mean ranks are so far apart that Nemenyi's test tells them apart.

    Parameters
    ----------
    gap
        Between the two, not negative.
    friedman
        Rows of friedman.csv.
    """
    return bool(gap >= friedman["critical_difference"].max())


def different_pairs(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of metrics that differ; none where all together do not.

    Parameters
    ----------
    pairs, table
        Rows of nemenyi.csv and of friedman.csv.

    Returns
    -------
    DataFrame
        Columns better, worse, p_value.
    """
    found = pairs[(pairs["p_value"] <= LEVEL) & differ(table)]
    ahead = found["rank_difference"] < 0
    return pd.DataFrame(
        {
            "better": found["metric"].where(ahead, found["other"]),
            "worse": found["other"].where(ahead, found["metric"]),
            "p_value": found["p_value"],
        }
    )


def gains(correlation: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return how far one metric's mean tau is above each other's.

    Both means run over the tasks on which both are defined. The ratio is the poster's
    "average improvement"; it means something between positive numbers only.

    Parameters
    ----------
    correlation
        Rows of correlation.csv.
    metric
        The one that is compared with all others.

    Returns
    -------
    DataFrame
        Indexed by the other metrics: n_tasks, difference, percent (NaN where an average
        is not above zero). Without rows where the metric has no taus.
    """
    taus = correlation.pivot_table(
        "weighted_tau", "metric", "task", sort=False, dropna=False
    )
    others = taus.index.drop([metric, RANDOM], errors="ignore")
    rows = {}
    for other in others if metric in taus.index else ():
        both = taus.loc[[metric, other]].dropna(axis=1)
        ours, theirs = both.mean(axis=1)
        sensible = ours > 0 and theirs > 0
        rows[other] = {
            "n_tasks": both.shape[1],
            "difference": ours - theirs,
            "percent": 100 * (ours / theirs - 1) if sensible else math.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _ranks(taus: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return each metric's mean rank and the test of all, by metric, best first."""
    n_tasks, n_metrics = taus.shape
    if n_tasks < 2 or n_metrics < 3:
        return {metric: {"note": NO_TEST} for metric in taus.columns}
    test = friedman(taus.to_numpy())
    few = n_tasks < FEW_TASKS
    common = {
        "statistic": test.statistic,
        "p_value": test.p_value,
        "critical_difference": critical_difference(n_metrics, n_tasks),
        "note": f"little power: only {n_tasks} tasks" if few else "",
    }
    ranks = pd.Series(test.mean_ranks, taus.columns).sort_values(kind="stable")
    return {
        str(metric): {"mean_rank": rank, **common} for metric, rank in ranks.items()
    }

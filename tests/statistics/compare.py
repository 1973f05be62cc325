"""Compute the statistics of the cached experiments again, by a second way, and print.

Run: python -m tests.statistics.compare

`peftdiff.statistics` is not called: the second way is scipy, pandas, or counting.
Scores and accuracies come from scores.csv and ground_truth.csv, what they are compared
with from the tables that the product made of them.
"""

import itertools
import math

import numpy as np
import pandas as pd
from scipy import stats

from tests.helpers.project import CACHED

SAMPLED = 0.025  # p-values from 10 000 draws differ by as much
BOUNDS = 0.04  # and so do bounds of intervals, which lie where draws are rare
PRINTED = 1e-8  # tables have ten digits


class Tables:
    """The tables of a cached experiment, and what follows from its scores."""

    def __init__(self, experiment: str) -> None:
        self.experiment = experiment
        truth, scores = self["ground_truth"], self["scores"]
        self.runs = truth[truth["in_pool"]]
        self.accuracies = self._means(self.runs, "accuracy")
        self.scores = {
            metric: self._means(rows, "score").loc[self.accuracies.index]
            for metric, rows in scores.groupby("metric")
        }

    def __getitem__(self, name: str) -> pd.DataFrame:
        return pd.read_csv(CACHED / self.experiment / "tables" / f"{name}.csv")

    def _means(self, rows: pd.DataFrame, value: str) -> pd.DataFrame:
        """Return means over seeds, tasks x methods; empty where a seed is."""
        seeds = rows.pivot_table(value, ["task", "method"], "seed", dropna=False)
        means = seeds.mean(axis=1, skipna=False).unstack()
        return means[sorted(means.columns)]

    def taus(self, metric: str) -> pd.Series:
        """Return scipy's weighted tau of a metric on each task."""
        rows = self.scores[metric].iterrows()
        taus = {
            task: stats.weightedtau(row, self.accuracies.loc[task]).statistic
            for task, row in rows
            if row.notna().all()
        }
        return pd.Series(taus)


def compare(experiment: str) -> pd.DataFrame:
    """Return one row per quantity: count of numbers, largest difference, allowed."""
    tables = Tables(experiment)
    checks = (_taus, _p_values, _halves, _regrets, _intervals, _friedman, _nemenyi)
    return pd.DataFrame([check(tables) for check in checks]).assign(
        experiment=experiment
    )


def _row(
    what: str, second: str, differences: list[float], allowed: float
) -> dict[str, object]:
    return {
        "quantity": what,
        "second way": second,
        "numbers": len(differences),
        "largest difference": max(differences),
        "allowed": allowed,
    }


def _taus(tables: Tables) -> dict[str, object]:
    given = tables["correlation"].set_index(["metric", "task"])["weighted_tau"]
    differences = [
        abs(given[metric, task] - tau)
        for metric in tables.scores
        for task, tau in tables.taus(metric).items()
    ]
    return _row("weighted tau", "scipy.stats.weightedtau", differences, PRINTED)


def _p_values(tables: Tables) -> dict[str, object]:
    """Compare with random orders, drawn anew and each given to scipy."""
    given = tables["correlation"].set_index(["metric", "task"])["p_value"]
    n = len(tables.accuracies.columns)
    rng = np.random.default_rng(1)
    places = np.arange(n)
    draws = [stats.weightedtau(rng.permutation(n), places)[0] for _ in range(20_000)]
    differences = []
    for metric in tables.scores:
        for task, tau in tables.taus(metric).items():
            untied = tables.scores[metric].loc[task].is_unique
            if untied and tables.accuracies.loc[task].is_unique:
                p = np.mean(np.abs(draws) >= abs(tau) - 1e-9)
                differences.append(abs(given[metric, task] - p))
    second = "20 000 orders, each by scipy"
    return _row("p-value of a tau (no ties)", second, differences, SAMPLED)


def _halves(tables: Tables) -> dict[str, object]:
    given = tables["reliability"].set_index("task")["reliability"]
    differences = []
    for task, rows in tables.runs.groupby("task"):
        table = rows.pivot_table("accuracy", "seed", "method")
        seeds = set(table.index)
        taus = [
            stats.weightedtau(
                table.loc[list(half)].mean(), table.loc[list(seeds - set(half))].mean()
            ).statistic
            for half in itertools.combinations(sorted(seeds), len(seeds) // 2)
        ]
        differences.append(abs(given[task] - np.mean(taus)))
    second = "every split, by scipy"
    return _row("reliability of the ground truth", second, differences, PRINTED)


def _regrets(tables: Tables) -> dict[str, object]:
    given = tables["summary"].set_index("metric")["regret_at_1"]
    differences = []
    for metric, scores in tables.scores.items():
        whole = scores.dropna()
        ties = (whole.eq(whole.max(axis=1), axis=0)).sum(axis=1)
        if len(whole) and (ties == 1).all():
            chosen = whole.idxmax(axis=1)
            lost = [
                tables.accuracies.loc[task].max() - tables.accuracies.loc[task, method]
                for task, method in chosen.items()
            ]
            differences.append(abs(given[metric] - np.mean(lost)))
    return _row("regret@1, no ties", "pandas", differences, PRINTED)


def _intervals(tables: Tables) -> dict[str, object]:
    given = tables["summary"].set_index("metric")[["ci_low", "ci_high"]]
    differences = []
    for metric in tables.scores:
        taus = tables.taus(metric)
        if len(taus) >= 3:
            found = stats.bootstrap(
                (taus,), np.mean, method="percentile", n_resamples=20_000, rng=1
            ).confidence_interval
            differences += list(np.abs(given.loc[metric].to_numpy() - np.array(found)))
    second = "scipy.stats.bootstrap"
    return _row("interval of a mean tau", second, differences, BOUNDS)


def _friedman(tables: Tables) -> dict[str, object]:
    given = tables["friedman"]
    rows = tables["correlation"].pivot_table("weighted_tau", "task", "metric")
    test = stats.friedmanchisquare(*(rows[metric] for metric in given["metric"]))
    differences = [
        abs(given["statistic"].iloc[0] - test.statistic),
        abs(given["p_value"].iloc[0] - test.pvalue),
    ]
    second = "scipy.stats.friedmanchisquare"
    return _row("Friedman's test", second, differences, 1e-7)


def _nemenyi(tables: Tables) -> dict[str, object]:
    """Compare with the range of as many normal numbers, drawn 200 000 times."""
    given, friedman = tables["nemenyi"], tables["friedman"].iloc[0]
    k, n = int(friedman["n_metrics"]), int(friedman["n_tasks"])
    ranges = np.ptp(np.random.default_rng(1).normal(size=(200_000, k)), axis=1)
    scale = math.sqrt(k * (k + 1) / (12 * n))
    differences = [
        abs(p - np.mean(ranges > abs(difference) / scale))
        for p, difference in zip(
            given["p_value"], given["rank_difference"], strict=True
        )
    ]
    second = "ranges of normal numbers, drawn"
    return _row("Nemenyi's p-values", second, differences, 0.005)


if __name__ == "__main__":
    names = sorted(path.name for path in CACHED.iterdir() if path.is_dir())
    table = pd.concat([compare(name) for name in names])
    print(table.to_markdown(index=False, floatfmt=".1e"))

"""One row per metric: how good it is over all tasks, and how far to trust that."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from peftdiff.evaluation.correlation import (
    EXPECTED,
    RANDOM,
    mean_accuracies,
    null_sd,
    predictions,
    reliabilities,
    some_methods,
    some_tasks,
)
from peftdiff.evaluation.published.truth import NO_SEEDS, published_source
from peftdiff.evaluation.replicates import replicates
from peftdiff.evaluation.verdict import add_verdicts
from peftdiff.statistics import (
    FEWEST,
    ceiling,
    mean_interval,
    null_of_mean,
    p_value,
    permutation_null,
    regret,
    shared_null,
    smallest_p_value,
    top_hit,
    weighted_taus,
)

NO_HALVES = "no reliability: a half of the seeds ranks nothing"
TOO_FEW_TASKS = "too few tasks for an interval"
COLUMNS = (
    "experiment",
    "metric",
    "mean_weighted_tau",
    "n_tasks",
    "null_sd",
    "p_value",
    "p_value_shared_permutation",
    "null_sd_shared_permutation",
    "ci_low",
    "ci_high",
    "reliability",
    "truth_reliability",
    "ceiling",
    "regret_at_1",
    "top_3_hit_rate",
    "smallest_p_value",
    "p_value_corrected",
    "verdict",
    "note",
)


def summarize(scores: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return what each metric, and each baseline, achieves over all tasks.

    Parameters
    ----------
    scores, truth
        Rows of scores.csv and of ground_truth.csv.

    Returns
    -------
    DataFrame
        Rows of summary.csv. All columns run over the `n_tasks` tasks on which the
        metric's weighted tau is defined.

        - `mean_weighted_tau`; `null_sd`, its standard deviation under random rankings,
          which are independent from task to task
        - `p_value`: two-sided, from such rankings
        - `p_value_shared_permutation`, `null_sd_shared_permutation`: the same where one
          random order of the methods serves all tasks. Trust these where a metric ranks
          alike on all tasks, as the baselines do; figures show them
        - `ci_low`, `ci_high`: 95 % bootstrap interval of the mean over tasks
        - `reliability`: mean split-half tau over seeds of the metric's own scores;
          `truth_reliability`: that of the accuracies; `ceiling`: the tau to which their
          noise limits any metric, see `peftdiff.statistics.ceiling`
        - `regret_at_1`: percentage points of accuracy lost by taking the first choice,
          on average; `top_3_hit_rate`: how often the best method is among the first
          three choices
        - `smallest_p_value`: the larger of the two p-values can be no smaller with so
          few methods and tasks
        - `p_value_corrected`, `verdict`: see `peftdiff.evaluation.verdict`

        The row `random` holds expected values. What is undefined is empty, with the
        reason in `note`.
    """
    means, predicted = mean_accuracies(truth), predictions(scores, truth)
    seeds = replicates(scores, truth)
    halves = reliabilities(truth).set_index("task")["reliability"]
    fewer, rows = some_methods(truth), []
    no_halves = f"no reliability: {NO_SEEDS}" if published_source(truth) else NO_HALVES
    for metric, table in predicted.items():
        taus = (
            weighted_taus(table.to_numpy(), means.to_numpy())
            if len(means.columns) > 1
            else np.full(len(means), np.nan)
        )
        defined = list(means.index[~np.isnan(taus)])
        own = pd.Series(seeds.reliabilities(metric), dtype=float)
        trust = _trust(own[defined].mean(), halves[defined].mean())
        row = _achieved(table.loc[defined], means.loc[defined]) if defined else {}
        reasons = [fewer, some_tasks(defined, list(means.index))]
        reasons += [TOO_FEW_TASKS] if len(defined) < FEWEST else []
        reasons += [no_halves] if math.isnan(trust["ceiling"]) else []
        row |= {"n_tasks": len(defined), "note": "; ".join(filter(None, reasons))}
        rows.append({"metric": metric, **row, **trust})
    rows.append(_random(means, fewer))
    table = pd.DataFrame(rows).assign(experiment=truth["experiment"].iloc[0])
    return add_verdicts(table.reindex(columns=COLUMNS))


def says_top_3(summary: pd.DataFrame) -> bool:
    """Whether the top-3 hit rates of summary.csv say anything.

    Three choices are all methods of a small pool, and then any ranking hits.
    """
    drawn = summary.loc[summary["metric"] == RANDOM, "top_3_hit_rate"]
    return not (drawn == 1).all()


def _achieved(scores: pd.DataFrame, accuracies: pd.DataFrame) -> dict[str, Any]:
    """Return what is known of a metric from its mean scores, tasks x methods."""
    # In order of name, so that no number depends on the order of rows in a file.
    scores, accuracies = (
        t.sort_index().sort_index(axis=1) for t in (scores, accuracies)
    )
    by_task = list(zip(scores.to_numpy(), accuracies.to_numpy(), strict=True))
    taus = weighted_taus(scores.to_numpy(), accuracies.to_numpy())
    mean = float(np.mean(taus))
    nulls = [permutation_null(predicted, true) for predicted, true in by_task]
    regrets = [regret(predicted, true) for predicted, true in by_task]
    hits = [top_hit(predicted, true) for predicted, true in by_task]
    low, high = mean_interval(taus)
    variances = [float(np.var(null.taus)) for null in nulls]
    own_orders = null_of_mean(nulls)
    one_order = shared_null(scores.to_numpy(), accuracies.to_numpy())
    return {
        "mean_weighted_tau": mean,
        "null_sd": math.sqrt(sum(variances)) / len(taus),
        "p_value": p_value(mean, own_orders),
        "p_value_shared_permutation": p_value(mean, one_order),
        "null_sd_shared_permutation": float(np.std(one_order.taus)),
        "smallest_p_value": max(map(smallest_p_value, (own_orders, one_order))),
        "ci_low": low,
        "ci_high": high,
        "regret_at_1": float(np.mean(regrets)),
        "top_3_hit_rate": float(np.mean(hits)),
    }


def _trust(own: float, truth: float) -> dict[str, float]:
    return {
        "reliability": own,
        "truth_reliability": truth,
        "ceiling": ceiling(own, truth),
    }


def _random(means: pd.DataFrame, fewer: str) -> dict[str, Any]:
    """Return what a random ranking is expected to achieve."""
    whole = means.dropna()  # As for every metric, a task that lacks an accuracy is out.
    chance = np.zeros(len(means.columns))
    reasons = [EXPECTED, fewer, some_tasks(list(whole.index), list(means.index))]
    note = "; ".join(filter(None, reasons))
    row = {"metric": RANDOM, "n_tasks": len(whole), "note": note}
    if whole.empty or len(chance) < 2:
        return row
    one_order = shared_null(np.tile(np.arange(len(chance)), (len(whole), 1)), whole)
    return row | {
        "mean_weighted_tau": 0.0,
        "null_sd_shared_permutation": float(np.std(one_order.taus)),
        "null_sd": null_sd(len(chance)) / math.sqrt(len(whole)),
        "regret_at_1": float(np.mean([regret(chance, a) for a in whole.to_numpy()])),
        "top_3_hit_rate": float(
            np.mean([top_hit(chance, a) for a in whole.to_numpy()])
        ),
    }

"""How a metric's ranking holds when one method leaves the pool."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from peftdiff.embeddings import BACKBONE
from peftdiff.evaluation.correlation import (
    ONE_METHOD,
    mean_accuracies,
    predictions,
    some_tasks,
)
from peftdiff.metrics import METRICS, combine, parts
from peftdiff.statistics import weighted_taus

Pools = dict[tuple[Any, ...], dict[str, dict[Any, float]]]

COLUMNS = (
    "experiment",
    "metric",
    "left_out",
    "mean_weighted_tau",
    "n_tasks",
    "was_first_choice",
    "first_choice_changed",
    "note",
)


def leave_methods_out(
    scores: pd.DataFrame, truth: pd.DataFrame, components: pd.DataFrame
) -> pd.DataFrame:
    """Return every metric's mean weighted tau without each method in turn.

    A metric that is normalized over the pool is combined again from its components,
    seed by seed, among the methods that stay; a score that stands alone stays as it is.
    `static` is ranked again, too; `random` has no first choice and is not here.

    Parameters
    ----------
    scores, truth, components
        Rows of scores.csv, ground_truth.csv and components.csv.

    Returns
    -------
    DataFrame
        Rows of stability.csv. `mean_weighted_tau` runs over the `n_tasks` tasks on
        which it is defined. `was_first_choice`: on how many of these the metric's first
        choice was the method that left. `first_choice_changed`: on how many of the
        others it takes another method now; this can happen only where scores depend on
        the pool.
    """
    whole, rows = predictions(scores, truth), []
    lost = _not_combinable(whole, components)
    pools = {m: _pools(m, components) for m in _pooled(whole) if m not in lost}
    for method in mean_accuracies(truth).columns:
        stay, rest = (table[table["method"] != method] for table in (scores, truth))
        again = [_combined(metric, stay, pools[metric]) for metric in pools]
        after = {metric: table.drop(columns=method) for metric, table in whole.items()}
        after |= predictions(pd.concat([stay[:0], *again]), rest)
        for metric in whole:
            if metric in lost:
                row: dict[str, Any] = {"note": lost[metric]}
            else:
                row = _compare(whole[metric], after[metric], mean_accuracies(rest))
            rows.append({"metric": metric, "left_out": method, **row})
    table = pd.DataFrame(rows).assign(experiment=truth["experiment"].iloc[0])
    order = {metric: place for place, metric in enumerate(whole)}
    table = table.sort_values("metric", key=lambda m: m.map(order), kind="stable")
    return table.reindex(columns=COLUMNS)


def tau_ranges(stability: pd.DataFrame) -> pd.Series:
    """Return, by metric, how far its mean taus without one method lie apart.

    Parameters
    ----------
    stability
        Rows of stability.csv.
    """
    taus = stability.groupby("metric", sort=False)["mean_weighted_tau"]
    return taus.max() - taus.min()


def _pooled(metrics: Iterable[str]) -> list[str]:
    return [m for m in metrics if m in METRICS and METRICS[m].needs_pool]


def _not_combinable(metrics: Iterable[str], components: pd.DataFrame) -> dict[str, str]:
    """Return why metrics cannot be combined again, for those that cannot."""
    absent = {
        metric: [part for part in parts(metric) if part not in components.columns]
        for metric in _pooled(metrics)
    }
    return {
        metric: f"components.csv lacks {', '.join(names)}"
        for metric, names in absent.items()
        if names
    }


def _pools(metric: str, components: pd.DataFrame) -> Pools:
    """Return a metric's components by task and seed, then by model.

    The backbone is in every pool of its task; a model with an undefined part in none.
    """
    names = list(parts(metric))
    known = components.dropna(subset=names)
    backbones = known[known["model"] == BACKBONE].set_index("task")[names]
    reference = backbones.to_dict("index")
    pools: Pools = {}
    methods = known[(known["model"] != BACKBONE) & known["task"].isin(backbones.index)]
    for row in methods.to_dict("records"):
        pool = pools.setdefault(
            (row["task"], row["seed"]), {BACKBONE: reference[row["task"]]}
        )
        pool[row["model"]] = {name: row[name] for name in names}
    return pools


def _combined(metric: str, scores: pd.DataFrame, pools: Pools) -> pd.DataFrame:
    """Return a metric's rows of scores.csv, combined among the methods they name."""
    rows = scores[scores["metric"] == metric]
    stay = set(rows["method"])
    combined: dict[tuple[Any, ...], float] = {}
    for (task, seed), pool in pools.items():
        methods = {model: pool[model] for model in pool if model in stay}
        again = combine(metric, methods, pool[BACKBONE]) if methods else {}
        combined |= {(task, seed, method): again[method] for method in again}
    keys = zip(rows["task"], rows["seed"], rows["method"], strict=True)
    return rows.assign(score=[combined.get(key, math.nan) for key in keys])


def _compare(
    before: pd.DataFrame, after: pd.DataFrame, means: pd.DataFrame
) -> dict[str, Any]:
    """Compare a metric's rankings with all methods and without the one that left."""
    if len(means.columns) < 2:
        return {"n_tasks": 0, "note": ONE_METHOD}
    after = after.loc[means.index, means.columns]
    taus = weighted_taus(after.to_numpy(), means.to_numpy())
    defined = ~np.isnan(taus)
    first = _first_choices(before.loc[means.index])
    stays = first[means.columns].to_numpy()
    left = first.to_numpy().any(axis=1) & ~stays.any(axis=1)
    moved = (stays != _first_choices(after).to_numpy()).any(axis=1)
    return {
        "mean_weighted_tau": float(taus[defined].mean()) if defined.any() else math.nan,
        "n_tasks": int(defined.sum()),
        "was_first_choice": int((defined & left).sum()),
        "first_choice_changed": int((defined & moved & ~left).sum()),
        "note": some_tasks(list(means.index[defined]), list(means.index)),
    }


def _first_choices(scores: pd.DataFrame) -> pd.DataFrame:
    """Return for each task which methods have the highest score."""
    return scores.eq(scores.max(axis=1), axis=0)

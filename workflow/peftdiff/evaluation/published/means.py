"""Means over tasks of published taus, how far chance takes them, and their ceiling."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from peftdiff.evaluation.published.agreement import SERIES

TASKS_FOR_AN_ERROR = 3


def means_over_tasks(taus: pd.DataFrame, nulls: pd.DataFrame) -> pd.DataFrame:
    """Return the mean tau of each ranking over all tasks and over each group.

    Parameters
    ----------
    taus
        Of `metric_taus` and `compare_sources`.
    nulls
        Of `shuffled_nulls`. A ranking that is not there, for want of its scores, is
        compared with random rankings of each task for itself.

    Returns
    -------
    DataFrame
        Columns kind, ranking, truth, group ("all" or a group), weighted_tau,
        standard_error (over tasks; empty below three), null_sd (of the mean), null
        (`shuffled` or `independent`), n_methods (the least over the tasks), n_tasks
        (with a tau), n_tasks_listed, note.
    """
    shuffled = nulls.set_index([*SERIES, "group"])["null_sd"].to_dict()
    rows = []
    for series, table in taus.groupby(SERIES, sort=False):
        names = dict(zip(SERIES, series, strict=True))
        for group in ("all", *table["group"].unique()):
            chosen = table if group == "all" else table[table["group"] == group]
            null_sd = shuffled.get((*series, group))
            rows.append({**names, "group": group, **_mean(chosen, null_sd)})
    return pd.DataFrame(rows).astype({"n_methods": "Int64"})


def ceilings(means: pd.DataFrame) -> pd.DataFrame:
    """Return, for each source, how well the others predict it, beside the static order.

    The ceiling of a source is the greatest of its mean taus with other sources: what a
    metric reaches there that predicts one of them perfectly. It is no upper bound.

    Parameters
    ----------
    means
        Of `means_over_tasks`.

    Returns
    -------
    DataFrame
        Columns truth, static, ceiling, ceiling_from, lowest, lowest_from, n_methods and
        n_tasks (of the ceiling), n_sources (the others that were compared), note.
    """
    overall = means[means["group"] == "all"]
    static = overall[overall["kind"] == "static"].set_index("truth")
    pairs = overall[overall["kind"] == "agreement"]
    swapped = pairs.rename(columns={"ranking": "truth", "truth": "ranking"})
    both = pd.concat([pairs, swapped]).dropna(subset="weighted_tau")
    return pd.DataFrame(
        [
            {"truth": truth, "static": static.loc[truth, "weighted_tau"]}
            | _ceiling(both[both["truth"] == truth], static.loc[truth, "n_methods"])
            for truth in static.index
        ]
    ).astype({"n_methods": "Int64", "n_tasks": "Int64"})


def _mean(taus: pd.DataFrame, shuffled: float | None) -> dict[str, object]:
    """Return mean, spread and counts of some tasks' taus."""
    defined = taus[taus["weighted_tau"].notna()]
    count = len(defined)
    error, null_sd = math.nan, math.nan
    if count >= TASKS_FOR_AN_ERROR:
        error = float(defined["weighted_tau"].std(ddof=1)) / math.sqrt(count)
    if shuffled is not None:
        null_sd = shuffled
    elif count:
        # Random rankings of different tasks are independent: their variances add.
        null_sd = math.sqrt((defined["null_sd"] ** 2).sum()) / count
    return {
        "weighted_tau": float(defined["weighted_tau"].mean()),
        "standard_error": error,
        "null_sd": null_sd,
        "null": "independent" if shuffled is None else "shuffled",
        "n_methods": defined["n_methods"].min() if count else pd.NA,
        "n_tasks": count,
        "n_tasks_listed": len(taus),
        "note": "; ".join(_notes(taus.loc[taus["weighted_tau"].isna()], count)),
    }


def _notes(undefined: pd.DataFrame, count: int) -> Iterable[str]:
    if count < TASKS_FOR_AN_ERROR:
        yield "too few tasks for a standard error"
    if len(undefined):
        reasons = ", ".join(dict.fromkeys(undefined["note"]))
        yield f"no tau on {', '.join(undefined['task'])}: {reasons}"


def _ceiling(others: pd.DataFrame, static_methods: object) -> dict[str, object]:
    """Return the best and the worst of the others' agreements with one source."""
    if others.empty:
        names = ("ceiling", "ceiling_from", "lowest", "lowest_from")
        nothing: dict[str, object] = dict.fromkeys(names)
        counts = {"n_methods": pd.NA, "n_tasks": pd.NA, "n_sources": 0}
        return nothing | counts | {"note": "no other source to compare with"}
    ordered = others.sort_values("weighted_tau", kind="stable")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    note = ""
    if high["n_methods"] != static_methods:
        note = f"static ranks {static_methods} methods"
    return {
        **{"ceiling": high["weighted_tau"], "ceiling_from": high["ranking"]},
        **{"lowest": low["weighted_tau"], "lowest_from": low["ranking"]},
        **{"n_methods": high["n_methods"], "n_tasks": high["n_tasks"]},
        **{"n_sources": len(others), "note": note},
    }

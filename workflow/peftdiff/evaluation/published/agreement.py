"""How well published ground truths of the same methods and tasks agree.

Each source is a table of accuracies, tasks x methods. Two sources are compared task by
task on the methods that both have, as a metric's scores would be compared with either.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.statistics import (
    null_distribution,
    shared_taus,
    static_ranks,
    weighted_tau,
)

SOURCES = {
    "peft_selection_960d8d2": "PEFTDiff's repository, March 2025",
    "peft_selection_2b889bc": "PEFTDiff's repository, December 2025",
    "method_papers": "Each method's own paper",
    "osu_unified_study": "OSU's unified study",
}
"""The sources of accuracy_vtab.csv and their names in figures."""

# ASSUME: the pool is the poster's nine methods; other rows of a source (full, linear,
# a second kind of prompt tuning) are not ranked.
POOL = (
    "adapter",
    "lora",
    "vpt",
    "bitfit",
    "convpass",
    "convpass_attn",
    "fact_tt",
    "fact_tk",
    "noah",
)

POSTER = "poster"
SHUFFLES = 2_000
SERIES = ["kind", "ranking", "truth"]
COLUMNS = [
    *SERIES,
    "task",
    "group",
    "weighted_tau",
    "n_methods",
    "null_sd",
    "note",
]


class Pair(NamedTuple):
    """A ranking of the methods, tasks x methods, and a source to compare it with."""

    kind: str
    ranking: str
    scores: pd.DataFrame
    truth: str
    table: pd.DataFrame


def source_label(slug: str) -> str:
    """Return a source's name for people, or its slug where it is unknown."""
    return SOURCES.get(slug, slug)


def metric_taus(taus: pd.DataFrame) -> pd.DataFrame:
    """Return the poster's taus in the columns of `compare_sources`.

    Parameters
    ----------
    taus
        Columns metric, task, group, weighted_tau, the latter empty where the poster
        prints NaN.
    """
    table = taus.rename(columns={"metric": "ranking"}).assign(
        kind="metric", truth=POSTER, n_methods=len(POOL), null_sd=_null_sd(len(POOL))
    )
    undefined = table["weighted_tau"].isna()
    table["note"] = np.where(undefined, "printed as NaN", "")
    return table[COLUMNS]


def compare_sources(
    accuracies: pd.DataFrame, groups: Mapping[str, str]
) -> pd.DataFrame:
    """Return weighted taus of the static order and between sources, task by task.

    Parameters
    ----------
    accuracies
        Columns source, task, method, accuracy (percent); methods outside POOL are left
        out. A source that SOURCES does not know comes after those it does.
    groups
        The tasks in order, each with its group.

    Returns
    -------
    DataFrame
        Columns kind, ranking, truth, task, group, weighted_tau, n_methods, null_sd,
        note. Of kind `static`, the ranking is the mean rank on the source's other
        tasks; of kind `agreement`, it is another source's accuracies, each pair once.
        Weighted tau is the same either way round.

    Raises
    ------
    ValueError
        Where a source gives a method twice on a task, or a task has no group.
    """
    pairs = _pairs(_tables(accuracies, list(groups)))
    found = pd.DataFrame([row for pair in pairs for row in _compare(pair)])
    return found.assign(group=found["task"].map(dict(groups)))[COLUMNS]


def shuffled_nulls(accuracies: pd.DataFrame, groups: Mapping[str, str]) -> pd.DataFrame:
    """Return how far the means of `compare_sources` come from zero by chance.

    Parameters
    ----------
    accuracies, groups
        As for `compare_sources`.

    Returns
    -------
    DataFrame
        Columns kind, ranking, truth, group ("all" or a group), null_sd: the standard
        deviation of the mean tau over the tasks, where the methods' names are shuffled
        on one side, in all tasks alike.
    """
    members = {"all": list(groups)}
    for task, group in groups.items():
        members.setdefault(group, []).append(task)
    rows = []
    for pair in _pairs(_tables(accuracies, list(groups))):
        shared = pair.scores.columns.intersection(pair.table.columns, sort=False)
        scores, table = pair.scores[shared], pair.table[shared]
        shuffled = shared_taus(scores, table, draws=SHUFFLES, leave_out=True)
        taus = pd.DataFrame(shuffled, index=pair.table.index)
        names = {"kind": pair.kind, "ranking": pair.ranking, "truth": pair.truth}
        for group, tasks in members.items():
            means = taus.loc[tasks].mean()
            rows.append({**names, "group": group, "null_sd": means.std(ddof=0)})
    return pd.DataFrame(rows)


def _tables(accuracies: pd.DataFrame, tasks: list[str]) -> dict[str, pd.DataFrame]:
    """Return accuracies by source, tasks x those methods of the pool that it has."""
    twice = accuracies[accuracies.duplicated(["source", "task", "method"])]
    if len(twice):
        first = twice.iloc[0]
        raise ValueError(
            f"the source {first['source']} gives the method {first['method']} twice on"
            f" the task {first['task']}; keep one of the rows"
        )
    tasks_without_group = accuracies[~accuracies["task"].isin(tasks)]
    if len(tasks_without_group):
        first = tasks_without_group.iloc[0]
        raise ValueError(
            f"the task {first['task']} of the source {first['source']} has no group;"
            f" the tasks with one are {', '.join(tasks)}"
        )
    tables = {}
    given = list(accuracies["source"].unique())
    known = [source for source in SOURCES if source in given]
    for source in dict.fromkeys([*known, *given]):
        table = accuracies[accuracies["source"] == source]
        wide = table.pivot(index="task", columns="method", values="accuracy")
        methods = [method for method in POOL if method in wide.columns]
        tables[source] = wide.reindex(index=tasks, columns=methods)
    return tables


def _pairs(tables: dict[str, pd.DataFrame]) -> Iterator[Pair]:
    """Yield what is compared: the static order of each source, and any two sources."""
    for truth, table in tables.items():
        yield Pair("static", "static", static_ranks(table), truth, table)
    for ranking, truth in itertools.combinations(tables, 2):
        yield Pair("agreement", ranking, tables[ranking], truth, tables[truth])


def _compare(pair: Pair) -> Iterator[dict[str, object]]:
    """Yield one row per task: a ranking's tau with a source's accuracies."""
    kind, ranking, scores, truth, table = pair
    predicted = scores.reindex(columns=table.columns).to_numpy()
    for task, scored, true in zip(
        table.index, predicted, table.to_numpy(), strict=True
    ):
        both = ~(np.isnan(scored) | np.isnan(true))
        tau, note = _tau({ranking: scored[both], truth: true[both]})
        count = int(both.sum())
        yield {
            **{"kind": kind, "ranking": ranking, "truth": truth, "task": task},
            **{"weighted_tau": tau, "n_methods": count},
            **{"null_sd": _null_sd(count), "note": note},
        }


def _tau(both: dict[str, NDArray[np.float64]]) -> tuple[float, str]:
    """Return weighted tau between two named columns, or NaN and the reason."""
    first, second = both.values()
    if len(first) < 2:
        return math.nan, f"{' and '.join(both)} share fewer than two methods"
    for name, values in both.items():
        if np.all(values == values[0]):
            return math.nan, f"all values of {name} are equal"
    return weighted_tau(first, second), ""


@functools.cache
def _null_sd(n_methods: int) -> float:
    if n_methods < 2:
        return math.nan
    return float(np.std(null_distribution(n_methods)))

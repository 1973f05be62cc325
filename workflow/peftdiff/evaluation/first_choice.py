"""Which method each metric would take on each task, and what that loses."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pandas as pd

from peftdiff.evaluation.correlation import RANDOM, mean_accuracies, predictions
from peftdiff.evaluation.standings import NO_ACCURACY, ONE_BEST, SOME_ALIKE
from peftdiff.statistics import FEWEST, regret

# How the first choice turned out.
AGREES, AMONG_BEST, LOSES = "agrees", "among the best", "loses"
TOO_FEW_SEEDS, UNDECIDED = "too few seeds", "undecided"
UNRANKED, UNJUDGED = "unranked", "unjudged"

COLUMNS = (
    "experiment",
    "task",
    "group",
    "metric",
    "first",
    "first_accuracy",
    "place",
    "n_methods",
    "regret",
    "outcome",
)


def first_choices(
    scores: pd.DataFrame,
    truth: pd.DataFrame,
    standings: pd.DataFrame,
    tasks: pd.DataFrame,
) -> pd.DataFrame:
    """Return what each metric, and each baseline, takes on each task.

    Parameters
    ----------
    scores, truth, standings, tasks
        Rows of scores.csv, ground_truth.csv, standings.csv and tasks.csv.

    Returns
    -------
    DataFrame
        Rows of first_choices.csv. All columns speak of the methods that have an
        accuracy.

        - `first`: the method with the highest score, or several with a space between
          them; empty where a score is missing
        - `first_accuracy`: its accuracy, of several the mean; `place`: that of the best
          of them among `n_methods`
        - `regret`: points of accuracy that are lost by taking it
        - `outcome`: `AGREES` where it is the one best method; `AMONG_BEST` where it
          cannot be told from the best; `LOSES`; `TOO_FEW_SEEDS` where only the test
          images, and not three seeds, speak for a difference; `UNDECIDED` where the
          methods cannot be told apart, or from chance; `UNRANKED` and `UNJUDGED` where
          a score or an accuracy is missing; a metric whose scores are all equal is
          unranked, too
    """
    means = mean_accuracies(truth)
    predicted = predictions(scores, truth)
    predicted[RANDOM] = pd.DataFrame(0.0, means.index, means.columns)
    among = standings.loc[standings["among_best"].eq(True), ["task", "method"]]
    best = set(among.itertuples(index=False, name=None))
    rows = []
    for task in tasks.to_dict("records"):
        name = task["task"]
        for metric, table in predicted.items():
            row = _choose(table.loc[name], means.loc[name])
            is_best = all((name, method) in best for method in row["first"].split())
            row["outcome"] = _outcome(row, task["verdict"], task["n_seeds"], is_best)
            names = {key: task[key] for key in COLUMNS[:3]}
            rows.append({**names, "metric": metric, **row})
    return pd.DataFrame(rows, columns=COLUMNS)


class Choice(NamedTuple):
    """A row of first_choices.csv, its first choices as a list."""

    task: str
    first: list[str]
    first_accuracy: float
    place: float
    n_methods: int
    regret: float
    outcome: str


def choices_of(table: pd.DataFrame, metric: str) -> list[Choice]:
    """Return what a metric takes on each task.

    Parameters
    ----------
    table
        Rows of first_choices.csv.
    metric
        Whose first choices are wanted.
    """
    own = table[table["metric"] == metric]
    own = own.assign(first=own["first"].fillna("").astype(str).str.split())
    return [
        Choice(**{str(key): row[key] for key in Choice._fields})
        for row in own.to_dict("records")
    ]


def _choose(scores: pd.Series, accuracies: pd.Series) -> dict[str, Any]:
    """Return what is taken on one task, and what that loses."""
    row: dict[str, Any] = {"n_methods": int(accuracies.notna().sum()), "first": ""}
    # A metric that lacks a score has no ranking of the whole pool, and takes nothing.
    if not len(scores) or scores.isna().any():
        return row
    first = scores.index[scores == scores.max()]
    row["first"] = " ".join(map(str, first))
    if accuracies.isna().any():
        return row
    taken = accuracies[first]
    return row | {
        "first_accuracy": float(taken.mean()),
        "place": 1 + int((accuracies > taken.max()).sum()),
        "regret": regret(scores.to_numpy(), accuracies.to_numpy()),
    }


def _outcome(row: dict[str, Any], verdict: str, n_seeds: float, among: bool) -> str:
    lost = row.get("regret", math.nan)
    n_first = len(row["first"].split())
    if not n_first or n_first == row["n_methods"] > 1:
        return UNRANKED
    if verdict == NO_ACCURACY or pd.isna(lost):
        return UNJUDGED
    if verdict not in (ONE_BEST, SOME_ALIKE):
        return UNDECIDED
    if n_seeds < FEWEST:
        return TOO_FEW_SEEDS
    if not among:
        return LOSES
    return AGREES if verdict == ONE_BEST and lost == 0 else AMONG_BEST

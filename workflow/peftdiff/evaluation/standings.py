"""What the accuracies say of each task: beyond chance or not, told apart or not.

An accuracy is worth something if it is above what a constant answer reaches, and a
method is the best if the others are behind by more than noise. Both are decided here;
what people are shown reads it from standings.csv and tasks.csv.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.data.left_out import printable
from peftdiff.evaluation.published.truth import NO_SEEDS, published_source
from peftdiff.evaluation.replicates import DIGITS
from peftdiff.evaluation.verdict import LEVEL
from peftdiff.statistics import (
    FEWEST,
    mean_shares_p_value,
    share_p_value,
    student_p_value,
    two_shares_p_value,
)

# What can be said of a task.
ONE_BEST = "one method is the best"
SOME_ALIKE = "several methods cannot be told from the best"
ALL_ALIKE = "the methods cannot be told apart"
AT_CHANCE = "no method can be told from a constant answer"
ALONE = "one method alone"
NOT_TOLD = "too little is known to tell the methods apart"
NO_ACCURACY = "no accuracies"

TEST_SET = ("n_test_images", "n_classes", "chance", "majority_class", "majority_share")
UNKNOWN_TEST_SET = "the test images were not counted"
TOO_FEW_IMAGES = "even without an error, {} test images could not tell it from chance"
STANDINGS = (
    "experiment",
    "task",
    "group",
    "method",
    "accuracy",
    "n_seeds",
    "place",
    "behind",
    "p_value_chance",
    "beyond_chance",
    "p_value_best",
    "among_best",
    "trainable_parameters",
    "note",
)
TASKS = (
    "experiment",
    "task",
    "group",
    *TEST_SET,
    "n_seeds",
    "n_methods",
    "n_beyond_chance",
    "n_among_best",
    "best",
    "best_accuracy",
    "take",
    "verdict",
    "note",
)


def describe_test_set(
    labels: NDArray[np.int64], class_names: Sequence[str]
) -> dict[str, Any]:
    """Return the size of a test set, and what is right without a look at an image.

    Returns
    -------
    dict
        n_test_images, n_classes; `chance`: percent that guessing gets right (100 / the
        number of classes); `majority_class`, the most frequent one of the test images
        (the first of several), and `majority_share`, percent: what the best constant
        answer gets right.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    most = int(counts.argmax())
    return {
        "n_test_images": len(labels),
        "n_classes": len(class_names),
        "chance": 100 / len(class_names),
        "majority_class": printable(class_names[most]),
        "majority_share": 100 * float(counts[most]) / len(labels),
    }


def stand(truth: pd.DataFrame) -> pd.DataFrame:
    """Return how each method of the pool stands on each task.

    Parameters
    ----------
    truth
        Rows of ground_truth.csv.

    Returns
    -------
    DataFrame
        Rows of standings.csv. Two kinds of noise are allowed for, as far as they are
        known: that of the test images, and with three seeds or more that of the seeds.
        Each has its p-value, and the larger one counts.

        - `accuracy`: the mean over `n_seeds` seeds; `place` (1 is the highest) and
          `behind`, points behind the highest
        - `p_value_chance`: of an accuracy above guessing and above the best constant
          answer, by the exact binomial test, times the number of methods, and by
          Student's over the seeds; `beyond_chance`: whether it is at most 0.05
        - `p_value_best`: of being behind the highest accuracy, by Fisher's exact test
          and by Student's of the differences, seed by seed, times the number of other
          methods; `among_best`: whether it is above 0.05. Those methods are the set
          that holds the best one with 95 % confidence (Gupta's subset selection)

        What is undefined is empty, with the reason in `note`.
    """
    pool = truth[truth["in_pool"].astype(bool)]
    rows = [
        {**names, **row}
        for _, table in pool.groupby("task", sort=False)
        for names in [{key: table[key].iloc[0] for key in STANDINGS[:3]}]
        for row in _stand(table)
    ]
    return pd.DataFrame(rows, columns=STANDINGS)


def describe_tasks(truth: pd.DataFrame, standings: pd.DataFrame) -> pd.DataFrame:
    """Return what can be said of each task, from how its methods stand.

    Parameters
    ----------
    truth, standings
        Rows of ground_truth.csv and of standings.csv.

    Returns
    -------
    DataFrame
        Rows of tasks.csv: the columns of `describe_test_set`, `n_seeds` (of the method
        with the fewest), counts of methods, `best` (the method of the highest accuracy,
        the first of several), `best_accuracy`, the `verdict`, and `take`: the best
        method, or of those that cannot be told from it the one with the fewest
        trainable parameters; empty where nothing speaks for any.
    """
    rows = []
    for task, table in standings.groupby("task", sort=False):
        own = truth[truth["task"] == task]
        row = {key: table[key].iloc[0] for key in STANDINGS[:3]}
        row |= {key: _first(own, key) for key in TEST_SET}
        rows.append(row | _describe(table))
    return pd.DataFrame(rows, columns=TASKS)


def with_accuracies(tasks: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of tasks.csv that have any accuracy."""
    return tasks[tasks["verdict"] != NO_ACCURACY]


def says_something(tasks: pd.DataFrame) -> bool:
    """Whether on any task a ranking of the methods can mean anything.

    Parameters
    ----------
    tasks
        Rows of tasks.csv. A task of which too little is known counts for the methods.
    """
    return bool((~tasks["verdict"].isin([AT_CHANCE, ALL_ALIKE, NO_ACCURACY])).any())


class BestOnAverage(NamedTuple):
    """The method of the highest mean accuracy, were it taken on every task.

    Attributes
    ----------
    method : str
    accuracy : float
        Its mean over the `n_tasks` tasks, percent.
    lost : float
        Points of accuracy that it loses against each task's best, on average.
    wins : int
        On how many tasks it is the best, or as good as the best.
    n_tasks : int
    alike : list of str
        The methods that cannot be told from it.
    is_told : bool
        Whether any other can.
    """

    method: str
    accuracy: float
    lost: float
    wins: int
    n_tasks: int
    alike: list[str]
    is_told: bool


def best_on_average(truth: pd.DataFrame) -> BestOnAverage | None:
    """Return the best method for all tasks alike; None with fewer than two methods.

    Whether another can be told from it is judged as on one task (`stand`), by the means
    over tasks; for the noise of test images their variances are added.

    Parameters
    ----------
    truth
        Rows of ground_truth.csv; a task that lacks an accuracy is left out.
    """
    table = stand(truth).pivot_table(
        "accuracy", "task", "method", sort=False, dropna=False
    )
    means = table.loc[:, table.notna().any()].dropna()
    if means.empty or len(means.columns) < 2:
        return None
    overall = means.mean().round(DIGITS)
    method = str(overall.idxmax())
    highest, own = means.max(axis=1), means[method]
    alike = _alike(truth[truth["task"].isin(means.index)], means, method)
    return BestOnAverage(
        method=method,
        accuracy=float(own.mean()),
        lost=float((highest - own).mean()),
        wins=int((own == highest).sum()),
        n_tasks=len(means),
        alike=alike,
        is_told=len(alike) < len(means.columns) - 1,
    )


def _stand(truth: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of one task."""
    known = truth[truth["accuracy"].notna()]
    names = [str(name) for name in truth["method"].unique()]
    seeds = {m: _by_seed(known[known["method"] == m]) for m in names}
    means = {m: round(float(own.mean()), DIGITS) for m, own in seeds.items()}
    sizes = truth.reindex(columns=["method", "trainable_parameters"])
    parameters = sizes.groupby("method")["trainable_parameters"].first()
    highest = max((mean for mean in means.values() if mean == mean), default=math.nan)
    best = next((m for m in names if means[m] == highest), "")
    count, floor = _count(truth), _floor(truth)
    n_known = sum(not math.isnan(mean) for mean in means.values())
    rows = []
    for method, mean in means.items():
        row: dict[str, Any] = {
            "method": method,
            "accuracy": mean,
            "n_seeds": int(known.loc[known["method"] == method, "seed"].count()),
            "trainable_parameters": parameters.get(method, math.nan),
        }
        if math.isnan(mean):
            rows.append(row | {"note": "no accuracy"})
            continue
        p_chance = _p_above(seeds[method], mean, count, floor, n_known)
        p_best = 1.0
        if mean < highest:
            one, other = seeds[best], seeds[method]
            p_best = (n_known - 1) * _p_behind(one, other, (highest, mean), count)
        row |= {
            "place": 1 + sum(other > mean for other in means.values()),
            "behind": highest - mean,
            **_judged("p_value_chance", "beyond_chance", p_chance, below=True),
            **_judged("p_value_best", "among_best", p_best, below=False),
            "note": _note(truth, count, floor, n_known),
        }
        rows.append(row)
    return rows


def _describe(standings: pd.DataFrame) -> dict[str, Any]:
    """Return the verdict on one task, and what to take."""
    known = standings[standings["accuracy"].notna()]
    if known.empty:
        return {"n_methods": 0, "verdict": NO_ACCURACY, "note": NO_ACCURACY}
    beyond, among = (
        [None if pd.isna(found) else bool(found) for found in known[name]]
        for name in ("beyond_chance", "among_best")
    )
    best = known[known["behind"] == 0].iloc[0]
    able = [a is True and b is not False for a, b in zip(among, beyond, strict=True)]
    candidates = known[able]
    verdict = _verdict(beyond, among)
    taken = ""
    if verdict in (ONE_BEST, SOME_ALIKE, ALL_ALIKE):
        sizes = candidates["trainable_parameters"].astype(float)
        if len(candidates) == 1:
            taken = str(candidates["method"].iloc[0])
        elif sizes.notna().all():
            taken = str(candidates["method"].iloc[sizes.to_numpy().argmin()])
    notes = [str(note) for note in standings["note"].unique() if note]
    return {
        "n_seeds": int(known["n_seeds"].min()),
        "n_methods": len(known),
        "n_beyond_chance": _count_true(beyond),
        "n_among_best": _count_true(among),
        "best": best["method"],
        "best_accuracy": best["accuracy"],
        "take": taken,
        "verdict": verdict,
        "note": "; ".join(notes),
    }


def _count_true(found: list[bool | None]) -> float:
    return math.nan if None in found else sum(map(bool, found))


def _verdict(beyond: list[bool | None], among: list[bool | None]) -> str:
    """Return the verdict from what is known of each method: true, false or neither."""
    if all(found is False for found in beyond):
        return AT_CHANCE
    if len(among) == 1:
        return ALONE
    if any(found is None for found in among):
        return NOT_TOLD
    if all(among):
        return ALL_ALIKE
    return ONE_BEST if among.count(True) == 1 else SOME_ALIKE


def _by_seed(rows: pd.DataFrame) -> pd.Series:
    """Return a method's accuracies; the index is their seeds."""
    return rows.set_index("seed")["accuracy"].astype(float)


def _p_above(
    seeds: pd.Series, mean: float, count: int, floor: float, n_methods: int
) -> float:
    """Return the p-value of an accuracy above a floor; NaN where that is unknown."""
    if not count or math.isnan(floor):
        return math.nan
    # The test images are the same for every seed: seeds do not make them more.
    images = n_methods * share_p_value(mean, count, floor)
    own = seeds[seeds.index.notna()].to_numpy()
    return float(np.nanmax([images, student_p_value(own - floor)]))


def _p_behind(
    best: pd.Series, other: pd.Series, means: tuple[float, float], count: int
) -> float:
    """Return the p-value of one accuracy above another; NaN where nothing tells."""
    found = [student_p_value(_differences(best, other))]
    if count:
        found.append(two_shares_p_value(*means, count))
    told = [p for p in found if not math.isnan(p)]
    return max(told) if told else math.nan


def _differences(one: pd.Series, other: pd.Series) -> NDArray[np.float64]:
    """Return differences seed by seed; none of accuracies without seeds."""
    shared = one.index.intersection(other.index).dropna()
    return (one.reindex(shared) - other.reindex(shared)).to_numpy(dtype=np.float64)


def _judged(p_name: str, name: str, p: float, *, below: bool) -> dict[str, Any]:
    if math.isnan(p):
        return {p_name: math.nan, name: None}
    return {p_name: min(p, 1.0), name: (p <= LEVEL) == below}


def _note(truth: pd.DataFrame, count: int, floor: float, n_methods: int) -> str:
    if published_source(truth):
        return f"{NO_SEEDS}, and its test images are not known"
    if not count:
        return UNKNOWN_TEST_SET
    if n_methods * share_p_value(100, count, floor) > LEVEL:
        return TOO_FEW_IMAGES.format(count)
    return ""


def _count(truth: pd.DataFrame) -> int:
    """Return the number of test images; 0 where it is unknown."""
    count = _first(truth, "n_test_images")
    return 0 if pd.isna(count) else int(count)


def _floor(truth: pd.DataFrame) -> float:
    """Return what is right without an image: guessing or a constant answer."""
    shares = [_first(truth, "chance"), _first(truth, "majority_share")]
    known = [float(share) for share in shares if not pd.isna(share)]
    return max(known, default=math.nan)


def _first(table: pd.DataFrame, column: str) -> Any:
    """Return a column's first value that is known; tables of old lack some columns."""
    known = table[column].dropna().tolist() if column in table else []
    return known[0] if known else math.nan


def _alike(truth: pd.DataFrame, means: pd.DataFrame, best: str) -> list[str]:
    """Return the methods whose mean over tasks cannot be told from the highest."""
    pool = truth[truth["in_pool"].astype(bool) & truth["seed"].notna()]
    seeds = pool.pivot_table("accuracy", "seed", ["method", "task"], dropna=False)
    counts = [_count(truth[truth["task"] == task]) for task in means.index]
    others = [str(method) for method in means.columns if method != best]
    return [
        other
        for other in others
        if not _told(best, other, means, seeds, counts, LEVEL / len(others))
    ]


def _told(
    best: str,
    other: str,
    means: pd.DataFrame,
    seeds: pd.DataFrame,
    counts: list[int],
    level: float,
) -> bool:
    """Whether a mean over tasks is behind the highest by more than noise."""
    found = []
    if len(seeds) >= FEWEST:
        ahead = (seeds[best] - seeds[other])[list(means.index)]
        leads = ahead.to_numpy(dtype=np.float64).mean(axis=1)
        found.append(student_p_value(leads[~np.isnan(leads)]))
    if all(counts):
        found.append(mean_shares_p_value(means[best], means[other], counts))
    told = [p for p in found if not math.isnan(p)]
    return bool(told) and max(told) <= level

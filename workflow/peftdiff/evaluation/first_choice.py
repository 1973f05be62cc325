"""Which method fine-tuning finds best, which one a metric takes, what that loses."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd

from peftdiff.evaluation.correlation import mean_accuracies, predictions
from peftdiff.statistics import regret, student_interval

# How the first choice turned out.
AGREES, WITHIN_NOISE, LOSES = "agrees", "within_noise", "loses"
UNRANKED, UNJUDGED = "unranked", "unjudged"


class Lead(NamedTuple):
    """A mean difference, the lower end of its 95 % interval over seeds, their number.

    The interval's end is NaN with too few seeds, or none.
    """

    mean: float = math.nan
    low: float = math.nan
    n_seeds: int = 0

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than the spread of the seeds."""
        return self.low > 0

    @property
    def is_noise(self) -> bool:
        """Whether the difference lies within the spread of the seeds."""
        return self.low <= 0


class Choice(NamedTuple):
    """One task: what is best after fine-tuning, and what a metric takes.

    Attributes
    ----------
    task : str
    best, first : list of str
        Methods of the highest accuracy, and of the highest score; several where they
        are tied, none where nothing is known.
    best_accuracy, first_accuracy : float
        Percent; the mean of tied first choices.
    place, of : int
        Where the accuracy of the (best) first choice stands among the pool's.
    lost : float
        Points of accuracy lost by the first choice.
    runner_up : str
    lead, lead_over_first : Lead
        How far the best is ahead of the runner-up, and of the (best) first choice.
    """

    task: str
    best: list[str]
    best_accuracy: float
    first: list[str]
    first_accuracy: float
    place: int
    of: int
    lost: float
    runner_up: str
    lead: Lead
    lead_over_first: Lead

    @property
    def outcome(self) -> str:
        """How the first choice turned out: `AGREES`, `WITHIN_NOISE`, `LOSES`, ...

        `UNRANKED` where the metric has no first choice, `UNJUDGED` where the accuracy
        of its first choice is not known.
        """
        if not self.first:
            return UNRANKED
        if math.isnan(self.lost):
            return UNJUDGED
        if self.lost == 0:
            return AGREES
        return WITHIN_NOISE if self.lead_over_first.is_noise else LOSES


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
    """

    method: str
    accuracy: float
    lost: float
    wins: int
    n_tasks: int


def best_on_average(truth: pd.DataFrame) -> BestOnAverage | None:
    """Return the best method for all tasks alike; None with fewer than two methods.

    Parameters
    ----------
    truth
        Rows of ground_truth.csv; a task that lacks an accuracy is left out.
    """
    means = mean_accuracies(truth).dropna()
    if means.empty or len(means.columns) < 2:
        return None
    method = str(means.mean().idxmax())
    highest, own = means.max(axis=1), means[method]
    return BestOnAverage(
        method=method,
        accuracy=float(own.mean()),
        lost=float((highest - own).mean()),
        wins=int((own == highest).sum()),
        n_tasks=len(means),
    )


def choices(scores: pd.DataFrame, truth: pd.DataFrame, metric: str) -> list[Choice]:
    """Return the choice on every task of the ground truth, or of the scores.

    Parameters
    ----------
    scores, truth
        Rows of scores.csv and of ground_truth.csv.
    metric
        Whose first choices are wanted.
    """
    means = mean_accuracies(truth)
    own = scores[scores["metric"] == metric]
    table = own.pivot_table(
        "score",
        "task",
        "method",
        aggfunc=lambda values: values.mean(skipna=False),
        dropna=False,
    )
    tasks = [*means.index, *(task for task in table.index if task not in means.index)]
    empty = pd.Series(dtype=float)
    return [
        _choice(
            task,
            table.loc[task] if task in table.index else empty,
            means.loc[task].dropna() if task in means.index else empty,
            truth[(truth["task"] == task) & truth["in_pool"].astype(bool)],
        )
        for task in tasks
    ]


def regrets(scores: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return the points of accuracy that first choices lose, metrics x tasks.

    NaN where a method has no score or no accuracy.
    """
    means = mean_accuracies(truth)
    found = {
        metric: [_regret(table.loc[task], means.loc[task]) for task in means.index]
        for metric, table in predictions(scores, truth).items()
    }
    chance = pd.Series(0.0, means.columns)
    found["random"] = [_regret(chance, means.loc[task]) for task in means.index]
    return pd.DataFrame(found, index=means.index).T


def _regret(scores: pd.Series, accuracies: pd.Series) -> float:
    if scores.isna().any() or accuracies.isna().any():
        return math.nan
    return regret(scores.to_numpy(), accuracies.to_numpy())


def _choice(
    task: str, scores: pd.Series, accuracies: pd.Series, truth: pd.DataFrame
) -> Choice:
    # A metric that lacks a score has no ranking of the whole pool, and takes nothing.
    usable = len(scores) > 0 and not scores.isna().any()
    first = _highest(scores) if usable else []
    best = _highest(accuracies)
    taken = accuracies.reindex(first)
    ordered = accuracies.drop(best[:1]).sort_values(ascending=False, kind="stable")
    runner_up = str(ordered.index[0]) if len(ordered) else ""
    known = bool(len(accuracies)) and bool(first) and not taken.isna().any()
    top = float(accuracies.max()) if len(accuracies) else math.nan
    return Choice(
        task=task,
        best=best,
        best_accuracy=top,
        first=first,
        first_accuracy=float(taken.mean()) if known else math.nan,
        place=int((accuracies > taken.max()).sum()) + 1 if known else 0,
        of=len(accuracies),
        lost=top - float(taken.mean()) if known else math.nan,
        runner_up=runner_up,
        lead=_lead(truth, best[0], runner_up) if runner_up else Lead(),
        lead_over_first=(
            _lead(truth, best[0], str(taken.idxmax())) if known else Lead()
        ),
    )


def _highest(values: pd.Series) -> list[str]:
    known = values.dropna()
    return [str(name) for name in known.index[known == known.max()]]


def _lead(truth: pd.DataFrame, one: str, other: str) -> Lead:
    """Return how far a method is ahead of another, seed by seed.

    Of accuracies without seeds there is the difference alone.
    """
    if truth["seed"].isna().all():
        means = truth.groupby("method")["accuracy"].mean()
        return Lead(float(means[one] - means[other]))
    table = truth.pivot_table("accuracy", "seed", "method")
    leads = (table[one] - table[other]).dropna().to_numpy()
    if not len(leads):
        return Lead()
    return Lead(float(leads.mean()), student_interval(leads)[0], len(leads))

"""The numbers of the opening: which method where, how sure, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from peftdiff.evaluation import verdict
from peftdiff.evaluation.correlation import RANDOM, mean_reliability
from peftdiff.evaluation.published import source_label
from peftdiff.evaluation.published.truth import published_source
from peftdiff.evaluation.replicates import BASELINES, STATIC
from peftdiff.evaluation.standings import (
    BestOnAverage,
    best_on_average,
    says_something,
    with_accuracies,
)
from peftdiff.evaluation.studies.times import (
    TOTAL,
    fine_tuning_seconds,
    seconds_by_metric,
)
from peftdiff.reporting.labels import order_tasks

SUBJECT = "peftdiff"
SMALL = 192  # width of a transformer that is called small

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Cost:
    """Seconds of scoring and of fine-tuning the pool; NaN where not recorded.

    `speed_up` is known only where the embedding was timed: `with_embedding`.
    """

    scoring: float
    fine_tuning: float
    speed_up: float = math.nan
    with_embedding: bool = False


@dataclass(frozen=True)
class Scope:
    """What the answer rests on.

    Attributes
    ----------
    tasks, missing
        Those with accuracies, and those that were configured as well.
    own
        Those of `tasks` that are folders of one's own images.
    n_methods, n_seeds
        Of the ground truth.
    backbone
        Its name, or "" for one that is described by its `depth` and `width`, if known.
    small
        Whether the width is that of a toy.
    """

    tasks: Sequence[str]
    missing: Sequence[str]
    own: Sequence[str]
    n_methods: int
    n_seeds: int
    backbone: str = ""
    depth: int = 0
    width: int = 0
    small: bool = False


@dataclass(frozen=True)
class Answer:
    """What the opening speaks of; rows are those of summary.csv with `p`, the larger.

    Attributes
    ----------
    subject, chance, static
        Rows of the metric that the page is about, of `random` and of `static`; the
        latter two None where they are not in the table.
    n_tried
        For how many metrics the p-values are corrected.
    rivals
        Rows of all other metrics, the highest mean tau first.
    says_something
        Whether accuracies tell methods from chance, or from one another, on any task.
    unranked
        Why the subject has no weighted tau on any task, if it has none.
    fixed
        The best method for all tasks alike; None where there is one task, or where the
        accuracies say nothing.
    cost
        Of scoring and of fine-tuning.
    reliability
        Mean split-half reliability of the accuracies.
    ceilings
        The lowest and the highest ceiling of a metric; NaN where none is known.
    published
        The name of the table that the accuracies are from, or "" for one's own.
    scope
        Tasks, methods, seeds and backbone.
    """

    subject: Row
    chance: Row | None
    static: Row | None
    n_tried: int
    rivals: Sequence[Row]
    says_something: bool
    unranked: str
    fixed: BestOnAverage | None
    cost: Cost
    reliability: float
    ceilings: tuple[float, float]
    published: str
    scope: Scope

    def rivals_of(self, found: str) -> list[Row]:
        """Return the rows of the other metrics that have a certain verdict."""
        return [row for row in self.rivals if row["verdict"] == found]


def subject_of(summary: pd.DataFrame) -> str:
    """Return the metric that the page is about: peftdiff, or else the first."""
    metrics = list(summary["metric"])
    return SUBJECT if SUBJECT in metrics else str(metrics[0])


def answer(tables: Mapping[str, pd.DataFrame], config: Mapping[str, Any]) -> Answer:
    """Return the numbers of the opening.

    Parameters
    ----------
    tables
        By name: summary, scores, ground_truth, reliability, correlation, tasks, and
        times if there is one.
    config
        The experiment's configuration; what it does not say is left out.
    """
    summary, truth = tables["summary"], tables["ground_truth"]
    table = summary.assign(p=verdict.larger_p_values(summary))
    rows = {str(row["metric"]): row for row in table.to_dict("records")}
    subject = subject_of(summary)
    candidates = table[~table["metric"].isin(BASELINES)]
    rivals = candidates[candidates["metric"] != subject]
    source = published_source(truth)
    judged = with_accuracies(tables["tasks"])
    meaning = says_something(judged)
    return Answer(
        subject=rows[subject],
        chance=rows.get(RANDOM),
        static=rows.get(STATIC),
        n_tried=verdict.count_tried(summary),
        rivals=rivals.sort_values(
            "mean_weighted_tau", ascending=False, kind="stable"
        ).to_dict("records"),
        says_something=meaning,
        unranked=_why_unranked(tables["correlation"], subject),
        fixed=best_on_average(truth) if meaning and len(judged) > 1 else None,
        cost=cost_of(subject, tables["scores"], truth, tables.get("times")),
        reliability=mean_reliability(tables["reliability"]),
        ceilings=(candidates["ceiling"].min(), candidates["ceiling"].max()),
        published=source_label(source) if source else "",
        scope=_scope(truth, config),
    )


def cost_of(
    metric: str,
    scores: pd.DataFrame,
    truth: pd.DataFrame,
    times: pd.DataFrame | None = None,
) -> Cost:
    """Return what scoring the pool cost, and what fine-tuning it cost.

    Parameters
    ----------
    metric
        The one whose scores are meant.
    scores, truth
        Rows of scores.csv and ground_truth.csv: their seconds are those of the metric
        alone, without the embedding.
    times
        Rows of times.csv, if there is one: it has the embedding's time, too.
    """
    if times is not None and not published_source(truth):
        of_metric = (times["metric"] == metric) & (times["group"] == TOTAL)
        for own in times[of_metric & times["speed_up"].notna()].to_dict("records"):
            minutes = own["scoring_minutes"], own["fine_tuning_minutes"]
            return Cost(60 * minutes[0], 60 * minutes[1], own["speed_up"], True)
    scoring = math.nan
    if "seconds" in scores:
        seconds = seconds_by_metric(scores)["seconds"]
        scoring = float(seconds.get(metric, math.nan))
    tuned = truth[truth["task"].isin(scores["task"])]
    return Cost(scoring, fine_tuning_seconds(tuned))


def _why_unranked(correlation: pd.DataFrame, metric: str) -> str:
    """Return the reasons why a metric has no tau on any task, in the table's words."""
    own = correlation[correlation["metric"] == metric]
    if own["weighted_tau"].notna().any():
        return ""
    return "; ".join(dict.fromkeys(own["note"].dropna().astype(str)))


def _scope(truth: pd.DataFrame, config: Mapping[str, Any]) -> Scope:
    pool = truth[truth["in_pool"].astype(bool)]
    tasks = order_tasks(truth["task"])
    folders = config.get("data", {}).get("image_folders") or {}
    architecture = config.get("backbone", {}).get("architecture") or {}
    # A name stands for its own sizes.
    name = architecture if isinstance(architecture, str) else ""
    sizes: Mapping[str, int] = {} if isinstance(architecture, str) else architecture
    return Scope(
        tasks=tasks,
        missing=[task for task in config.get("tasks", tasks) if task not in tasks],
        own=[task for task in tasks if task in folders],
        n_methods=pool.loc[pool["accuracy"].notna(), "method"].nunique(),
        n_seeds=pool["seed"].nunique(),
        backbone=name,
        depth=sizes.get("depth", 0),
        width=sizes.get("width", 0),
        small=0 < sizes.get("width", 0) < SMALL,
    )

"""What the scores cost, and what they spare."""

from __future__ import annotations

import math

import pandas as pd

from peftdiff.evaluation.published.truth import published_source
from peftdiff.reporting.labels import metric_label
from peftdiff.reporting.webpage.cells import duration, number

EMBED, TUNE, SOURCE = "embed", "fine_tune", "source_training"


def stage_of(metric: str) -> str:
    """Return the name that a metric's time has in timing.csv."""
    return f"score:{metric}"


def cost_sentence(
    metric: str,
    scores: pd.DataFrame,
    truth: pd.DataFrame,
    timing: pd.DataFrame | None = None,
) -> str:
    """Say what scoring the pool cost, and what fine-tuning it cost.

    Parameters
    ----------
    metric
        The one whose scores are meant.
    scores, truth
        Rows of scores.csv and ground_truth.csv: their seconds are those of the metric
        alone, without the embedding.
    timing
        Rows of timing.csv, if there is one: it has the embedding's time, too.
    """
    name = metric_label(metric)
    own = scores[scores["metric"] == metric]
    if published_source(truth):
        took = duration(_sum(own, "seconds")) or "a time that was not recorded"
        return (
            f"{name}'s scores took {took}, without the time to embed the images."
            " Nothing was fine-tuned here: the accuracies are published."
        )
    if timing is not None and {EMBED, TUNE, stage_of(metric)} <= set(timing["stage"]):
        seconds = timing.groupby("stage")["seconds"].sum()
        spent = float(seconds[EMBED] + seconds[stage_of(metric)])
        return (
            f"Embedding the images and computing {name}'s scores took"
            f" {duration(spent)}, fine-tuning the same pool"
            f" {duration(float(seconds[TUNE]))}{_ratio(seconds[TUNE], spent)}."
            " Both need the methods trained on the source first."
        )
    pool = truth[truth["in_pool"].astype(bool)]
    spent, tuned = (
        _sum(own, "seconds"),
        _sum(pool[pool["task"].isin(own["task"])], "train_seconds"),
    )
    if math.isnan(spent) or math.isnan(tuned):
        return "The tables do not say how long scoring and fine-tuning took."
    return (
        f"{name}'s scores took {duration(spent)}, fine-tuning the same pool"
        f" {duration(tuned)}{_ratio(tuned, spent)}; the time to embed the images is not"
        " in these tables and comes on top. Both need the methods trained on the source"
        " first."
    )


def _sum(table: pd.DataFrame, column: str) -> float:
    if column not in table or table.empty or table[column].isna().all():
        return math.nan
    return float(table[column].sum())


def _ratio(long: float, short: float) -> str:
    """Say how many times as long, where that is more than once."""
    return f", {number(long / short, 0)} times as long" if long >= 2 * short > 0 else ""

"""Scoring: every model's embedding of one task, through one metric after another."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.embeddings import BACKBONE, Features, Labels, model_columns
from peftdiff.metrics import METRICS, combine, compute
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore
from peftdiff.runtime import logger, measure


@dataclass(frozen=True)
class Measured:
    """A metric's value of one model (None where it has none), and how it came about."""

    value: Any
    seconds: float
    note: str = ""


def score_models(
    features: Features,
    labels: Labels,
    metric: str,
    parameters: Mapping[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every method and seed of one task with one metric.

    Parameters
    ----------
    features
        (n, d) features by model: "backbone", or "<method>/<seed>".
    labels
        (n,) class of each image.
    metric, parameters
        A slug of `METRICS`, and the keywords of its module.

    Returns
    -------
    scores
        One row per method and seed: method, seed, metric, score, seconds (of the model
        itself, warm, the median where it was repeated; a pool-normalized metric's
        normalization takes no time worth counting), note. A value that is undefined,
        saturated or not finite is an empty score with a note.
    components
        One row per model and seed of what a pool-normalized metric combines, and
        <metric>_seconds (the backbone's are in no row of the scores); empty for other
        metrics.
    """
    in_pool = METRICS[metric].needs_pool
    models = [model for model in features if in_pool or model != BACKBONE]
    measured: dict[str, Measured] = {}
    for model in models:
        if not measured:  # the first call also pays for imports
            _measure(metric, features[model], labels, parameters)
        measured[model] = _measure(metric, features[model], labels, parameters)
        logger.info("%s of %s: %s", metric, model, measured[model].value)
    scores = {model: each.value for model, each in measured.items()}
    components = pd.DataFrame()
    if in_pool:
        rows = [
            model_columns(model)
            | (each.value or {})
            | {f"{metric}_seconds": each.seconds}
            for model, each in measured.items()
        ]
        components = pd.DataFrame(rows)
        scores = _combine_by_seed(metric, scores)
    rows = [
        {**model_columns(model), "metric": metric, **_cell(scores.get(model), each)}
        for model, each in measured.items()
        if model != BACKBONE
    ]
    order = ["method", "seed", "metric", "score", "seconds", "note"]
    table = pd.DataFrame(rows).rename(columns={"model": "method"})
    return table[order], components


def _measure(
    metric: str,
    features: NDArray[np.float32],
    labels: Labels,
    parameters: Mapping[str, Any],
) -> Measured:
    """Compute a metric, repeatedly where it is short; note why it may not rank."""

    def attempt() -> tuple[Any, list[warnings.WarningMessage], str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                return compute(metric, features, labels, **parameters), caught, ""
            except UndefinedScore as reason:
                return None, [], f"undefined: {reason}"

    (value, caught, note), seconds = measure(attempt)
    if note:
        return Measured(None, seconds, note)
    saturated = [str(w.message) for w in caught if w.category is SaturatedScore]
    for other in (w.message for w in caught if w.category is not SaturatedScore):
        logger.warning("%s: %s", metric, other)
    if saturated:
        return Measured(None, seconds, f"saturated: {saturated[0]}")
    return Measured(value, seconds)


def _combine_by_seed(metric: str, values: Mapping[str, Any]) -> dict[str, float]:
    """Combine components into scores among the methods of one seed at a time."""
    scores: dict[str, float] = {}
    seeds = dict.fromkeys(model_columns(m)["seed"] for m in values if m != BACKBONE)
    for seed in seeds if values[BACKBONE] is not None else ():
        pool = {
            model: value
            for model, value in values.items()
            if value is not None
            and model != BACKBONE
            and model_columns(model)["seed"] == seed
        }
        scores |= combine(metric, pool, values[BACKBONE]) if pool else {}
    return scores


def _cell(score: float | None, measured: Measured) -> dict[str, Any]:
    """Return a score, or an empty cell and the reason why it must not rank."""
    note = measured.note
    if not note and score is None:
        note = "undefined: the backbone's components are"
    elif not note and not math.isfinite(score or 0):
        note = f"saturated: the metric's value is {score}"
    empty = {"score": math.nan} if note else {"score": score}
    return {**empty, "seconds": measured.seconds, "note": note}

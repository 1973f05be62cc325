"""Scores of every model's embedding of one task by one metric."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.embeddings import BACKBONE_MODEL, Features, Labels, ModelName
from peftdiff.metrics import METRICS, combine, compute, parts
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore
from peftdiff.runtime import logger, measure


@dataclass(frozen=True)
class Measured:
    """A metric's value for a model, its seconds, and a note if it must not rank."""

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
        (n, d) features of the backbone and of each method and seed.
    labels
        (n,) class of each image.
    metric
        A slug of `METRICS`.
    parameters
        Parameters of the metric, by name.

    Returns
    -------
    scores
        One row per method and seed: method, seed, metric, score, seconds, note. The
        seconds are those of the model's own value after a first, untimed call, and the
        median if it was repeated; normalizing over the pool takes a negligible time. A
        value that is undefined, saturated or not finite is an empty score with a note.
    components
        One row per model and seed: the components that a pool-normalized metric
        combines, and <metric>_seconds (which for the backbone no row of the scores
        has); NaN where they are undefined or saturated. Empty for other metrics.
    """
    in_pool = METRICS[metric].needs_pool
    models = [model for model in features if in_pool or model != BACKBONE_MODEL]
    measured: dict[ModelName, Measured] = {}
    for model in models:
        if not measured:  # the first call also pays for imports
            _measure(metric, features[model], labels, parameters)
        measured[model] = _measure(metric, features[model], labels, parameters)
        logger.info("%s of %s: %s", metric, model, measured[model].value)
    scores = {model: each.value for model, each in measured.items()}
    components = pd.DataFrame()
    if in_pool:
        rows = [
            model.columns()
            | (each.value or dict.fromkeys(parts(metric), math.nan))
            | {f"{metric}_seconds": each.seconds}
            for model, each in measured.items()
        ]
        components = pd.DataFrame(rows)
        scores = _combine_by_seed(metric, scores)
    rows = [
        {**model.columns(), "metric": metric, **_cell(scores.get(model), each)}
        for model, each in measured.items()
        if model != BACKBONE_MODEL
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
    """Compute a metric, repeatedly if it is fast, and note why it must not rank."""

    def compute_once() -> tuple[Any, list[warnings.WarningMessage], str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                return compute(metric, features, labels, **parameters), caught, ""
            except UndefinedScore as reason:
                return None, [], f"undefined: {reason}"

    (value, caught, note), seconds = measure(compute_once)
    if note:
        return Measured(None, seconds, note)
    saturated = [str(w.message) for w in caught if w.category is SaturatedScore]
    for other in (w.message for w in caught if w.category is not SaturatedScore):
        logger.warning("%s: %s", metric, other)
    if saturated:
        return Measured(None, seconds, f"saturated: {saturated[0]}")
    return Measured(value, seconds)


def join_components(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the components of several metrics side by side.

    Parameters
    ----------
    tables
        The second table of `score_models` for each metric; all have the same rows, one
        for each model and seed, or none.

    Raises
    ------
    ValueError
        Where two metrics give a column of the same name.
    """
    filled = [table for table in tables if not table.empty]
    if not filled:
        return pd.DataFrame()
    values = [table.drop(columns=["model", "seed"]) for table in filled]
    joined = pd.concat([filled[0][["model", "seed"]], *values], axis=1)
    twice = joined.columns[joined.columns.duplicated()]
    if len(twice):
        raise ValueError(
            f"two metrics have a component called '{twice[0]}'; give it another name in"
            " the PARTS of one"
        )
    return joined


def _combine_by_seed(
    metric: str, values: Mapping[ModelName, Any]
) -> dict[ModelName, float]:
    """Combine components into scores, for the methods of one seed at a time."""
    backbone = values[BACKBONE_MODEL]
    if backbone is None:
        return {}
    scores: dict[ModelName, float] = {}
    seeds = dict.fromkeys(model.seed for model in values if model != BACKBONE_MODEL)
    for seed in seeds:
        pool = {
            model.method: value
            for model, value in values.items()
            if value is not None and model != BACKBONE_MODEL and model.seed == seed
        }
        found = combine(metric, pool, backbone) if pool else {}
        scores |= {ModelName(method, seed): found[method] for method in found}
    return scores


def _cell(score: float | None, measured: Measured) -> dict[str, Any]:
    """Return the cells of a row: the score, empty if it must not rank, and the note."""
    note = measured.note
    if not note and score is None:
        note = "undefined: the backbone's components are"
    elif not note and not math.isfinite(score or 0):
        note = f"saturated: the metric's value is {score}"
    empty = {"score": math.nan} if note else {"score": score}
    return {**empty, "seconds": measured.seconds, "note": note}

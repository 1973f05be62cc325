"""Scoring: every model's embedding of one task, through one metric after another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.metrics import METRICS, combine, compute
from peftdiff.runtime import Stopwatch, logger

BACKBONE = "backbone"

Features = Mapping[str, NDArray[np.float32]]


def score_models(
    features: Features,
    labels: NDArray[np.int64],
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
        itself; a pool-normalized metric's normalization takes no time worth counting),
        note. A value that is not finite is an empty score with a note.
    components
        One row per model and seed of what a pool-normalized metric combines; empty for
        other metrics.
    """
    values: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for model in features:
        if model == BACKBONE and not METRICS[metric].needs_pool:
            continue
        watch = Stopwatch()
        values[model] = compute(metric, features[model], labels, **parameters)
        seconds[model] = watch.seconds()
        logger.info("%s of %s: %s", metric, model, values[model])
    components = pd.DataFrame()
    scores = values
    if METRICS[metric].needs_pool:
        scores = _combine_by_seed(metric, values)
        rows = [_names(model) | value for model, value in values.items()]
        components = pd.DataFrame(rows).rename(columns={"method": "model"})
    rows = [
        {**_names(model), "metric": metric, **_cell(score), "seconds": seconds[model]}
        for model, score in scores.items()
    ]
    order = ["method", "seed", "metric", "score", "seconds", "note"]
    return pd.DataFrame(rows)[order], components


def _combine_by_seed(metric: str, values: Mapping[str, Any]) -> dict[str, float]:
    """Combine components into scores among the methods of one seed at a time."""
    scores: dict[str, float] = {}
    seeds = dict.fromkeys(_names(m)["seed"] for m in values if m != BACKBONE)
    for seed in seeds:
        pool = {
            model: value
            for model, value in values.items()
            if model != BACKBONE and _names(model)["seed"] == seed
        }
        scores |= combine(metric, pool, values[BACKBONE])
    return scores


def _cell(score: float) -> dict[str, Any]:
    """Return a score, or an empty cell and the reason why it must not rank."""
    if math.isfinite(score):
        return {"score": score, "note": ""}
    return {"score": math.nan, "note": f"saturated: the metric's value is {score}"}


def _names(model: str) -> dict[str, Any]:
    method, _, seed = model.partition("/")
    return {"method": method, "seed": int(seed) if seed else pd.NA}

"""Complexity: how many principal components hold most of an embedding's variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import svdvals

from peftdiff.embeddings import BACKBONE, ModelName

CNN = "cnn"
SHARE = 0.95  # of the variance
ROUNDING = 1e-9  # equal components must not need one more by it
CONSTANT = "undefined: every image has the same features"

Floats = NDArray[np.float64]


def cumulative_shares(features: ArrayLike) -> Floats:
    """Return the share of variance that the first 1, 2, ... components hold.

    Parameters
    ----------
    features : array-like, shape (n, d)
        An embedding; its columns are centered, and not scaled.

    Returns
    -------
    ndarray, shape (d,)
        Rising to 1; NaN where there is no variance. With n <= d images the first n - 1
        components hold everything.
    """
    x = np.asarray(features, dtype=np.float64)
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"features have shape {x.shape}; it must be (images, columns)")
    if not np.isfinite(x).all():
        raise ValueError("features hold a value that is not finite")
    shares = np.full(x.shape[1], np.nan)
    # A constant column need not be zero to the last bit once its mean is subtracted.
    centered = np.where(np.ptp(x, axis=0) > 0, x - x.mean(axis=0), 0)
    scale = np.abs(centered).max()
    if scale == 0:
        return shares
    variances = svdvals(centered / scale) ** 2
    shares[: len(variances)] = np.cumsum(variances) / variances.sum()
    shares[len(variances) :] = 1
    return shares


def components_needed(shares: ArrayLike, share: float = SHARE) -> int:
    """Return the smallest number of components that hold a share of the variance."""
    return int(np.argmax(np.asarray(shares) >= share - ROUNDING)) + 1


def measure_complexity(
    embeddings: Mapping[ModelName, NDArray[np.float32]],
) -> tuple[pd.DataFrame, dict[str, Floats]]:
    """Return the components that a task's embeddings need, and their curves.

    Parameters
    ----------
    embeddings
        (n, d) features of the backbone, of each method and seed, and of the CNN.

    Returns
    -------
    table
        Rows of complexity.csv of one task: model, dimension, components_95,
        fraction_95 (of the dimension), seed, n_images, note.
    curves
        For each model (d,) shares of the variance, the mean over its seeds.
    """
    rows: list[dict[str, Any]] = []
    curves: dict[str, list[Floats]] = {}
    for model, features in embeddings.items():
        shares = cumulative_shares(features)
        curves.setdefault(model.method, []).append(shares)
        rows.append({**model.columns(), **_row(shares, len(features))})
    table = pd.DataFrame(rows).astype({"seed": "Int64", "components_95": "Int64"})
    order = ["model", "dimension", "components_95", "fraction_95", "seed", "n_images"]
    return table[[*order, "note"]], {
        model: np.mean(each, axis=0) for model, each in curves.items()
    }


def mean_fractions(complexity: pd.DataFrame) -> pd.DataFrame:
    """Return fraction_95 of each task's models, seeds averaged: task, model, ...

    Returns
    -------
    DataFrame
        Columns task, model, components_95, fraction_95; empty where a seed's is.
    """
    names = ["components_95", "fraction_95"]
    values = complexity.astype(dict.fromkeys(names, "float64"))
    means = values.groupby(["task", "model"], sort=False)[names]
    return means.mean(skipna=False).reset_index()


def methods_of(complexity: pd.DataFrame) -> list[str]:
    """Return the models that are methods, in the order of the table."""
    models = complexity["model"].drop_duplicates()
    return [model for model in models if model not in (BACKBONE, CNN)]


def _row(shares: Floats, n_images: int) -> dict[str, Any]:
    dimension = len(shares)
    row = {"dimension": dimension, "n_images": n_images, "note": ""}
    if np.isnan(shares[0]):
        return {
            **row,
            "components_95": pd.NA,
            "fraction_95": np.nan,
            "note": CONSTANT,
        }
    count = components_needed(shares)
    if n_images <= dimension:
        row["note"] = f"{n_images} images vary along at most {n_images - 1} components"
    return {**row, "components_95": count, "fraction_95": count / dimension}

"""The models of a task's embedding: the backbone, and each method at each seed.

In a file of embeddings they are named "backbone" and "<method>/<seed>".
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.records import read_arrays, streaming_arrays, with_columns
from peftdiff.runtime import Stopwatch, logger

BACKBONE = "backbone"

Features = Mapping[str, NDArray[np.float32]]
Labels = NDArray[np.int64]


def model_name(method: str, seed: int) -> str:
    """Return how a method's model of one seed is named."""
    return f"{method}/{seed}"


def model_columns(model: str) -> dict[str, Any]:
    """Return a model's cells in a table: model (method or "backbone") and seed."""
    method, _, seed = model.partition("/")
    return {"model": method, "seed": int(seed) if seed else pd.NA}


def read_embedding(path: str | Path) -> tuple[Features, Labels]:
    """Return a task's (n, d) features by model, and its (n,) labels."""
    labels = read_arrays(path, ["labels"])["labels"]
    arrays = read_arrays(path)
    return {name: arrays[name] for name in arrays if name != "labels"}, labels


@contextlib.contextmanager
def writing_embedding(
    path: str | Path,
    models: Iterable[str],
    width: int,
    labels: Labels,
    class_names: Sequence[str],
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Write a task's labels; yield (n, width) arrays by model, for their features."""
    shapes = {model: ((len(labels), width), "float32") for model in models}
    named = {"class_names": json.dumps(class_names)}
    whole = shapes | {"labels": (labels.shape, "int64")}
    with streaming_arrays(path, whole, named) as arrays:
        arrays["labels"][:] = labels
        yield {model: arrays[model] for model in shapes}


def tabulate_models(
    features: Features, measure: Callable[[NDArray[np.float32]], pd.DataFrame]
) -> pd.DataFrame:
    """Return what is measured of every model of a task, one below the other.

    Parameters
    ----------
    features
        (n, d) features by model.
    measure
        Takes a model's features and gives a table.

    Returns
    -------
    DataFrame
        The tables' rows, with the columns model and seed in front.
    """
    tables = []
    for model, array in features.items():
        watch = Stopwatch()
        table = measure(array)
        logger.info("%s: %.1f seconds", model, watch.seconds())
        tables.append(with_columns(table, **model_columns(model)))
    return pd.concat(tables, ignore_index=True)

"""The models of a task's embedding: the backbone, and each method at each seed.

In a file of embeddings they are named "backbone" and "<method>/<seed>".
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.records import read_arrays, streaming_arrays, with_columns
from peftdiff.runtime import Stopwatch, logger

BACKBONE = "backbone"


class ModelName(NamedTuple):
    """The name of a model: a method's of one seed, or one without seeds.

    As text it is "<method>/<seed>", or "backbone" and "cnn".
    """

    method: str
    seed: int | None = None

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Return the name that a text stands for."""
        method, _, seed = text.partition("/")
        return cls(method, int(seed) if seed else None)

    def __str__(self) -> str:
        """Return the name as files and logs have it."""
        return self.method if self.seed is None else f"{self.method}/{self.seed}"

    def columns(self) -> dict[str, Any]:
        """Return the model's cells in a table: model (the method) and seed."""
        return {"model": self.method, "seed": pd.NA if self.seed is None else self.seed}


BACKBONE_MODEL = ModelName(BACKBONE)

Features = Mapping[ModelName, NDArray[np.float32]]
Labels = NDArray[np.int64]


def read_embedding(path: str | Path) -> tuple[Features, Labels]:
    """Return a task's (n, d) features by model, and its (n,) labels."""
    labels = read_arrays(path, ["labels"])["labels"]
    arrays = read_arrays(path)
    models = {ModelName.parse(name): name for name in arrays if name != "labels"}
    return {model: arrays[name] for model, name in models.items()}, labels


@contextlib.contextmanager
def writing_embedding(
    path: str | Path,
    models: Iterable[ModelName],
    *,
    width: int,
    labels: Labels,
    class_names: Sequence[str],
) -> Iterator[dict[ModelName, NDArray[np.float32]]]:
    """Write a task's labels; yield (n, width) arrays by model, for their features."""
    names = {model: str(model) for model in models}
    shapes = {name: ((len(labels), width), "float32") for name in names.values()}
    whole = shapes | {"labels": (labels.shape, "int64")}
    metadata = {"class_names": json.dumps(class_names)}
    with streaming_arrays(path, whole, metadata) as arrays:
        arrays["labels"][:] = labels
        yield {model: arrays[name] for model, name in names.items()}


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
        tables.append(with_columns(table, **model.columns()))
    return pd.concat(tables, ignore_index=True)

"""The sides of each case: ours, the plain ones, another library, the hardware's limit.

A side takes an embedding, prepares whatever is not timed, and returns the function that
is timed, which returns the values that it computed.
"""

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.data import Embedding

Run = Callable[[], tuple[float, ...]]
Side = Callable[[Embedding], Run]

GRID: dict[str, Any] = {
    "diffusion_times": (1, 2, 3, 5, 10, 20, 50, 100),
    "neighbors": (5, 10, 15, 20, 30, 50, 75, 100),
    "components": (2, 4, 8, 16, 32, 48, 64, 100),
}
NOT_IN_TASK = ("nleep",)
BUFFER_CELLS = 64_000_000  # products held at once (256 MB)


def find(work: str, side: str) -> Side:
    """Return a side of a piece of work; "search=name" is ours with that search."""
    if side.startswith("search="):
        return functools.partial(_diffusion, search=side.removeprefix("search="))
    return SIDES[work][side]


def _diffusion(data: Embedding, search: str = "exact") -> Run:
    from peftdiff.diffusion import diffusion_score

    def run() -> tuple[float, ...]:
        score = diffusion_score(data.features, data.labels, search=search)
        return score.intra, score.inter

    return run


def _dense_diffusion(data: Embedding) -> Run:
    from benchmarks import reference

    return lambda: reference.dense_diffusion(data.features, data.labels)


def _pydiffmap(data: Embedding) -> Run:
    """Compute the map alone, for the same graph and kernel, on normalized rows."""
    from pydiffmap.diffusion_map import DiffusionMap

    unit = data.features / np.linalg.norm(data.features, axis=1, keepdims=True)
    # Its kernel is exp(-d^2 / (4 epsilon)); it leaves the constant eigenvector out.
    diffusion_map = DiffusionMap.from_sklearn(alpha=0, k=20, epsilon=0.5, n_evecs=31)

    def run() -> tuple[float, ...]:
        fitted = diffusion_map.fit(unit)
        return float(fitted.evals[0]), float(fitted.evals[-1])

    return run


def _products(data: Embedding) -> Run:
    """Compute all products of two rows, block by block: the n^2 d of a search.

    The second factor is a copy, as of a product with itself only half is computed.
    """
    rows, columns = data.features, data.features.copy().T
    step = max(1, min(len(rows), BUFFER_CELLS // len(rows)))
    buffer = np.empty((step, len(rows)), dtype=np.float32)

    def run() -> tuple[float, ...]:
        for first in range(0, len(rows), step):
            block = rows[first : first + step]
            np.matmul(block, columns, out=buffer[: len(block)])
        return (float(buffer[0, 0]),)

    return run


def _grid(data: Embedding) -> Run:
    from peftdiff.diffusion import score_grid

    def run() -> tuple[float, ...]:
        table = score_grid(data.features, data.labels, **GRID)
        return float(table["intra"].sum()), float(table["inter"].sum())

    return run


def _grids_of_task(data: Embedding) -> Run:
    models = zip(data.features, data.labels, strict=True)
    runs = [_grid(Embedding(features, labels)) for features, labels in models]
    return lambda: tuple(itertools.chain.from_iterable(run() for run in runs))


def _metric(name: str, data: Embedding) -> Run:
    from peftdiff.metrics import compute

    return lambda: _numbers(compute(name, data.features, data.labels))


def _published_form(name: str, data: Embedding) -> Run:
    from benchmarks import reference

    score = getattr(reference, name)
    return lambda: _numbers(score(data.features, data.labels))


def _task(data: Embedding) -> Run:
    """Compute every metric except the slowest on each model's embedding."""
    from peftdiff.metrics import METRICS, compute_many
    from peftdiff.threads import in_threads

    names = [name for name in METRICS if name not in NOT_IN_TASK]

    def scores(model: int) -> list[float]:
        values = compute_many(names, data.features[model], data.labels[model])
        return list(itertools.chain.from_iterable(map(_numbers, values.values())))

    def run() -> tuple[float, ...]:
        models = range(len(data.features))
        return tuple(itertools.chain.from_iterable(in_threads(scores, models)))

    return run


def _numbers(score: Any) -> tuple[float, ...]:
    values = score.values() if isinstance(score, dict) else np.atleast_1d(score)
    return tuple(float(value) for value in values)


SIDES: dict[str, dict[str, Side]] = {
    "diffusion_score": {
        "ours": _diffusion,
        "dense": _dense_diffusion,
        "pydiffmap": _pydiffmap,
        "limit": _products,
    },
    "score_grid": {"ours": _grid},
    "the grid of a task": {"ours": _grids_of_task},
    "all metrics of a task": {"ours": _task},
    **{
        name: {
            "ours": functools.partial(_metric, name),
            "published form": functools.partial(_published_form, name),
        }
        for name in ("logme", "sfda", "gbc", "ncti")
    },
}

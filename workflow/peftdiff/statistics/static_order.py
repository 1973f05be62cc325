"""The static ranking: how a method did on all other tasks."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def static_ranks(accuracies: pd.DataFrame) -> pd.DataFrame:
    """Rank the methods of each task by how they did on all other tasks.

    The baseline that looks at no image: a method that did well elsewhere is expected to
    do well here.

    Parameters
    ----------
    accuracies : DataFrame, tasks x methods
        Mean accuracies; a missing one is left out of its task's ranking.

    Returns
    -------
    DataFrame, tasks x methods
        Mean over the other tasks of the method's rank there, 1 for the worst; higher is
        better. NaN where the method has no accuracy on any other task.
    """
    scores = static_scores(accuracies.to_numpy())
    return pd.DataFrame(scores, accuracies.index, accuracies.columns)


def static_scores(accuracies: ArrayLike) -> NDArray[np.float64]:
    """Return the static ranks of many tables at once, see ``static_ranks``.

    Parameters
    ----------
    accuracies : array_like, shape (..., n_tasks, n_methods)
    """
    table = np.asarray(accuracies, dtype=np.float64)
    rows = pd.DataFrame(table.reshape(-1, table.shape[-1]))
    ranks = rows.rank(axis=1).to_numpy().reshape(table.shape)
    there = ~np.isnan(ranks)
    counts = there.sum(axis=-2, keepdims=True) - there
    known = np.where(there, ranks, 0)
    totals = known.sum(axis=-2, keepdims=True) - known
    empty = np.full(table.shape, np.nan)
    return np.divide(totals, counts, out=empty, where=counts > 0)

"""Class distances of whole pools as arrays, their scores, and the taus of these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.diffusion import pool_scores
from peftdiff.embeddings import BACKBONE
from peftdiff.statistics import null_distribution, shared_null, weighted_taus

DISTANCES = ["intra", "inter"]
SHUFFLES = 2_000  # of the methods' names, to see what chance does to a mean

Floats = NDArray[np.float64]


class Pools(NamedTuple):
    """The class distances of one task's pool under one or more settings.

    Attributes
    ----------
    distances : ndarray, shape (n_settings, n_seeds, n_methods, 2)
        (intra, inter); NaN where there is none.
    backbone : ndarray, shape (n_settings, 2)
    """

    distances: Floats
    backbone: Floats


def require_distances(components: pd.DataFrame) -> None:
    """Raise ValueError where a table of components holds no class distances."""
    if not set(DISTANCES) <= set(components.columns):
        raise ValueError(
            "the table of components has no columns intra and inter; "
            "add peftdiff to the config key 'metrics'"
        )


def gather_pools(
    components: pd.DataFrame,
    methods: Sequence[str],
    settings: pd.DataFrame | None = None,
) -> Pools:
    """Return one task's class distances as arrays.

    Parameters
    ----------
    components
        Rows of one task: model, seed, intra, inter, and the columns of `settings`.
    methods
        The pool, in the order of the arrays.
    settings
        One row per setting, in the order of the arrays; None where there is but one.
    """
    if settings is None:
        places, count = np.zeros(len(components), dtype=int), 1
    else:
        given = pd.MultiIndex.from_frame(components[list(settings.columns)])
        places = pd.MultiIndex.from_frame(settings).get_indexer(given)
        count = len(settings)
    in_pool = (components["model"] != BACKBONE).to_numpy()
    pool, alone = components[in_pool], components[~in_pool]
    seeds = list(pool["seed"].unique()) or [0]
    rows = pd.MultiIndex.from_arrays([places[in_pool], pool["seed"], pool["model"]])
    wanted = pd.MultiIndex.from_product([range(count), seeds, list(methods)])
    distances = pool[DISTANCES].set_axis(rows).reindex(wanted).to_numpy(np.float64)
    backbone = alone[DISTANCES].set_axis(places[~in_pool]).reindex(range(count))
    return Pools(
        distances.reshape(count, len(seeds), len(methods), 2),
        backbone.to_numpy(np.float64),
    )


def mean_scores(pools: Pools, combine: str = "minmax") -> Floats:
    """Return the pool's scores: formed within each seed, then averaged over seeds.

    Returns
    -------
    ndarray, shape (n_settings, n_methods)
        NaN under a setting for which a distance of any method is missing: the others'
        scores depend on it.
    """
    distances, backbone = pools
    whole = np.isfinite(distances).all(axis=(1, 2, 3))
    whole &= np.isfinite(backbone).all(axis=1)
    scores = np.full((len(distances), distances.shape[2]), math.nan)
    by_seed = pool_scores(distances[whole], backbone[whole][:, None], combine)
    scores[whole] = by_seed.mean(axis=1)
    return scores


def correlate_scores(
    scores: Floats, accuracies: pd.Series, pools: Pools
) -> tuple[Floats, list[str]]:
    """Return the weighted tau of each row of scores, and why it is undefined if so.

    Parameters
    ----------
    scores : ndarray, shape (n_settings, n_methods)
    accuracies
        By method, in the same order.
    pools
        What the scores were made of.
    """
    taus = weighted_taus(scores, accuracies.to_numpy(np.float64))
    unknown = accuracies.index[accuracies.isna()]
    if len(unknown):
        return taus, [f"no accuracy for {', '.join(unknown)}"] * len(taus)
    if accuracies.nunique() == 1:
        return taus, ["all accuracies are equal"] * len(taus)
    notes = [""] * len(taus)
    for place in np.flatnonzero(np.isnan(taus)).tolist():
        notes[place] = "all scores are equal"
        if np.isnan(scores[place]).any():
            notes[place] = _missing(pools, place, list(accuracies.index))
    return taus, notes


def null_deviation(n_methods: int) -> float:
    """Return the standard deviation of weighted tau under random rankings."""
    return float(np.std(null_distribution(n_methods)))


def mean_null_deviation(scores: Floats, accuracies: Floats) -> float:
    """Return the null deviation of a mean tau over tasks, one order for all tasks.

    Parameters
    ----------
    scores, accuracies : ndarray, shape (n_tasks, n_methods)
        A task without a tau is left out; NaN where none has one.
    """
    defined = ~np.isnan(weighted_taus(scores, accuracies))
    if not defined.any():
        return math.nan
    null = shared_null(scores[defined], accuracies[defined], draws=SHUFFLES)
    return float(np.std(null.taus))


def _missing(pools: Pools, place: int, methods: Sequence[str]) -> str:
    """Say whose distances are missing under a setting."""
    known = np.isfinite(pools.distances[place]).all(axis=(0, 2))
    names = [methods[i] for i in np.flatnonzero(~known).tolist()]
    if not np.isfinite(pools.backbone[place]).all():
        names.append("the backbone")
    return f"no score for {', '.join(names)}"

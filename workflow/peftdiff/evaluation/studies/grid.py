"""The grid: the score under every combination of diffusion time, neighbors, components.

One embedding's class distances over the whole grid cost little more than at one point,
so a task's grid is one job.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.diffusion import score_grid
from peftdiff.embeddings import Features, Labels, tabulate_models
from peftdiff.evaluation.correlation import mean_accuracies
from peftdiff.evaluation.studies.parameters import SETTING
from peftdiff.evaluation.studies.pools import (
    correlate_scores,
    gather_pools,
    mean_scores,
)
from peftdiff.metrics.fitting import largest_sizes
from peftdiff.runtime import UserError, logger

Floats = NDArray[np.float64]


class ScoredGrid(NamedTuple):
    """The pool's scores on all tasks and under all settings.

    Attributes
    ----------
    settings : DataFrame
        diffusion_time, neighbors, components; one row per setting.
    scores : ndarray, shape (n_tasks, n_settings, n_methods)
        NaN where a method has none.
    accuracies : DataFrame, tasks x methods
        Means over seeds.
    taus : ndarray, shape (n_tasks, n_settings)
        Weighted taus of scores and accuracies.
    notes : list of list of str
        Why a tau is undefined, by task and setting.
    experiment : str
    """

    settings: pd.DataFrame
    scores: Floats
    accuracies: pd.DataFrame
    taus: Floats
    notes: list[list[str]]
    experiment: str


def grid_components(
    features: Features,
    labels: Labels,
    axes: Mapping[str, Sequence[Any]],
    parameters: Mapping[str, Any],
) -> pd.DataFrame:
    """Return the class distances of every model of a task over the whole grid.

    Parameters
    ----------
    features
        (n, d) features of the backbone and of each method and seed.
    labels
        (n,) class of each image.
    axes
        The values of `diffusion_times`, `neighbors` and `components`.
    parameters
        Of the metric; those that the grid varies are ignored. Values of the grid that
        are too large for the images are left out.

    Returns
    -------
    DataFrame
        Columns model, seed, diffusion_time, neighbors, components, intra, inter.
    """
    options = {name: parameters[name] for name in parameters if name not in SETTING}
    axes = _fitting(axes, largest_sizes("peftdiff", options, labels))
    return tabulate_models(
        features,
        lambda array: score_grid(
            array,
            labels,
            diffusion_times=axes["diffusion_times"],
            neighbors=axes["neighbors"],
            components=axes["components"],
            **options,
        ),
    )


def _fitting(
    axes: Mapping[str, Sequence[Any]], largest: Mapping[str, int]
) -> dict[str, list[Any]]:
    """Return the axes without the values that are too large for a task's images.

    Raises
    ------
    UserError
        Where none is left of an axis.
    """
    fitting = {}
    for name, values in axes.items():
        most = largest.get(name, math.inf)
        fitting[name] = [value for value in values if value <= most]
        if len(fitting[name]) < len(values):
            logger.warning(
                "config key 'studies.grid.%s': values above %d are left out, since the"
                " images of this task allow no more",
                name,
                most,
            )
        if not fitting[name]:
            raise UserError(
                f"config key 'studies.grid.{name}' is {list(values)}, but the images of"
                f" a task allow {most} at most; add smaller values"
            )
    return fitting


def score_settings(components: pd.DataFrame, truth: pd.DataFrame) -> ScoredGrid:
    """Return the pool's scores under every setting, and their weighted taus.

    Parameters
    ----------
    components
        What ``grid_components`` gave for each task, with the column task.
    truth
        Rows of ground_truth.csv.
    """
    means = mean_accuracies(truth)
    settings = components[SETTING].drop_duplicates(ignore_index=True)
    scores, taus, notes = [], [], []
    for task in means.index:
        rows = components[components["task"] == task]
        pools = gather_pools(rows, list(means.columns), settings)
        scores.append(mean_scores(pools))
        tau, note = correlate_scores(scores[-1], means.loc[task], pools)
        taus.append(tau)
        notes.append(note)
    return ScoredGrid(
        settings=settings,
        scores=np.stack(scores),
        accuracies=means,
        taus=np.stack(taus),
        notes=notes,
        experiment=truth["experiment"].iloc[0],
    )


def tabulate_grid(scored: ScoredGrid) -> pd.DataFrame:
    """Return the rows of grid.csv: weighted tau per task and setting."""
    tables = [
        scored.settings.assign(task=task, weighted_tau=taus, note=notes)
        for task, taus, notes in zip(
            scored.accuracies.index, scored.taus, scored.notes, strict=True
        )
    ]
    table = pd.concat(tables, ignore_index=True).assign(experiment=scored.experiment)
    return table[["experiment", "task", *SETTING, "weighted_tau", "note"]]


def one_at_a_time(
    grid: pd.DataFrame, setting: Mapping[str, float]
) -> dict[str, pd.DataFrame]:
    """Return the taus along each parameter, the others fixed at a setting.

    Parameters
    ----------
    grid
        Rows of grid.csv.
    setting
        diffusion_time, neighbors and components.

    Returns
    -------
    dict of DataFrame
        By parameter, in its order: its values x tasks. A task without any tau in the
        grid is left out.
    """
    return {name: _slice(grid, setting, [name]) for name in SETTING}


def two_at_a_time(
    grid: pd.DataFrame, setting: Mapping[str, float]
) -> dict[tuple[str, str], pd.DataFrame]:
    """Return mean taus over tasks along each two parameters, the third fixed.

    Returns
    -------
    dict of DataFrame
        By the two parameters: values of the first x values of the second; empty where
        the tau of a task is undefined, but for tasks without any tau in the grid.
    """
    return {
        pair: _slice(grid, setting, list(pair)).mean(axis=1, skipna=False).unstack()
        for pair in itertools.combinations(SETTING, 2)
    }


def _slice(
    grid: pd.DataFrame, setting: Mapping[str, float], free: list[str]
) -> pd.DataFrame:
    """Return the taus, values of the free parameters x tasks, in rising order."""
    chosen = pd.Series(True, index=grid.index)
    for name in SETTING:
        if name not in free:
            chosen &= grid[name] == setting[name]
    defined = grid.groupby("task")["weighted_tau"].count()
    tasks = [task for task in grid["task"].unique() if defined[task]]
    table = grid[chosen].pivot(index=free, columns="task", values="weighted_tau")
    return table[tasks].sort_index()

"""The choice of a setting on the grid, and how much of its success is the choosing.

A setting chosen by the tau that is then reported looks better than it is. Chosen on all
other tasks, it is as good as it looks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.evaluation.studies.grid import ScoredGrid
from peftdiff.evaluation.studies.parameters import SETTING
from peftdiff.evaluation.studies.pools import mean_null_deviation
from peftdiff.statistics import weighted_taus

CHOICES = (
    "best_on_the_task",
    "best_on_all_tasks",
    "best_on_the_other_tasks",
    "default",
)
NONE = -1  # the place of a setting that cannot be chosen
REASONS = {
    "default": "the default setting is not on the grid",
    "best_on_the_other_tasks": "there is no other task to choose on",
}

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def choose_settings(
    scored: ScoredGrid, default: Mapping[str, float], draws: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Compare settings chosen with and without a look at the task they are judged on.

    Parameters
    ----------
    scored
        What ``score_settings`` gives.
    default
        The metric's configured diffusion_time, neighbors and components.
    draws, seed
        How often, and from which seed, the accuracies are shuffled among the methods,
        on all tasks alike, in order to see what each way to choose reaches by chance.

    Returns
    -------
    DataFrame
        Rows of grid_choice.csv, one per choice and task: the setting chosen, its
        weighted tau on the task, the choice's mean_weighted_tau over n_tasks tasks, and
        mean and standard deviation of that mean by chance. Among equally good settings
        the first is chosen; one whose tau is undefined on a task cannot be.
    """
    place = _place(scored.settings, default)
    usable = ~np.isnan(scored.taus).all(axis=1)
    places = choose(scored.taus, place)
    means = {choice: _mean(scored.taus, places[choice]) for choice in CHOICES}
    chance = _by_chance(scored, place, draws, seed)
    tables = []
    for choice in CHOICES:
        table = _rows(scored, places[choice], choice)
        table["mean_weighted_tau"] = means[choice]
        table["n_tasks"] = int((usable & (places[choice] != NONE)).sum())
        table["chance_mean"], table["chance_sd"] = chance[choice]
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    return table[[*(name for name in table.columns if name != "note"), "note"]]


def choose(taus: Floats, default: int) -> dict[str, Places]:
    """Return the place of the setting that each way to choose takes for each task.

    Parameters
    ----------
    taus : ndarray, shape (n_tasks, n_settings)
        A task without any tau has no say, and none is chosen for it.
    default : int
        The place of the default setting, or NONE.
    """
    tasks = np.flatnonzero(~np.isnan(taus).all(axis=1))
    chosen = {choice: np.full(len(taus), NONE) for choice in CHOICES}
    for task in tasks:
        others = tasks[tasks != task]
        chosen["best_on_the_task"][task] = _best(taus[[task]])
        chosen["best_on_all_tasks"][task] = _best(taus[tasks])
        if len(others):
            chosen["best_on_the_other_tasks"][task] = _best(taus[others])
        chosen["default"][task] = default
    return chosen


def _best(taus: Floats) -> int:
    """Return the place of the greatest mean over tasks (the rows)."""
    means = taus.mean(axis=0)
    return NONE if np.isnan(means).all() else int(np.nanargmax(means))


def _mean(taus: Floats, places: Places) -> float:
    """Return the mean tau of the tasks' settings, over tasks that have one."""
    reached = taus[np.arange(len(taus)), places][places != NONE]
    reached = reached[~np.isnan(reached)]
    return float(reached.mean()) if len(reached) else math.nan


def _place(settings: pd.DataFrame, default: Mapping[str, float]) -> int:
    wanted = [default[name] for name in SETTING]
    found = np.flatnonzero((settings[SETTING].to_numpy() == wanted).all(axis=1))
    return int(found[0]) if len(found) else NONE


def _by_chance(
    scored: ScoredGrid, default: int, draws: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return mean and deviation of each choice's mean tau with shuffled accuracies."""
    rng = np.random.default_rng(seed)
    accuracies = scored.accuracies.to_numpy(np.float64)
    reached: dict[str, list[float]] = {choice: [] for choice in CHOICES}
    for _ in range(draws):
        shuffled = accuracies[:, rng.permutation(accuracies.shape[1])]
        taus = weighted_taus(scored.scores, shuffled[:, None])
        for choice, places in choose(taus, default).items():
            reached[choice].append(_mean(taus, places))
    chance = {
        name: (float(np.mean(means)), float(np.std(means)))
        for name, means in reached.items()
    }
    # A setting that was not chosen: its distribution is known, and centered.
    if default != NONE:
        deviation = mean_null_deviation(scored.scores[:, default], accuracies)
        chance["default"] = (0.0, deviation)
    return chance


def _rows(scored: ScoredGrid, places: Places, choice: str) -> pd.DataFrame:
    """Return one choice's settings and taus, a row per task."""
    chosen = scored.settings.reindex(places).reset_index(drop=True)
    chosen = chosen.astype({"neighbors": "Int64", "components": "Int64"})
    taus, notes = [], []
    for task, place in enumerate(places):
        taus.append(scored.taus[task, place] if place != NONE else math.nan)
        undefined = np.isnan(scored.taus[task]).all()
        note = scored.notes[task][0 if undefined else place]
        missing = place == NONE and not undefined
        notes.append(REASONS.get(choice, "no setting is defined") if missing else note)
    chosen.insert(0, "experiment", scored.experiment)
    chosen.insert(1, "choice", choice)
    chosen.insert(2, "task", list(scored.accuracies.index))
    return chosen.assign(weighted_tau=taus, note=notes)

"""What a grid shows with some of its parameters fixed."""

import itertools
from collections.abc import Mapping

import pandas as pd

from peftdiff.studies.parameters import SETTING


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

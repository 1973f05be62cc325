import itertools

import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation.studies.grid import one_at_a_time, two_at_a_time
from peftdiff.evaluation.studies.parameters import SETTING

AXES = ([1, 2.5, 10], [4, 8], [3, 5])


@pytest.fixture
def grid():
    rng = np.random.default_rng(0)
    rows = [
        (task, *setting, rng.uniform(-1, 1))
        for task in ("land", "digits")
        for setting in itertools.product(*AXES)
    ]
    table = pd.DataFrame(rows, columns=["task", *SETTING, "weighted_tau"])
    return table.sample(frac=1, random_state=0)


def test_one_at_a_time_the_others_stay(grid):
    setting = {"diffusion_time": 2.5, "neighbors": 8, "components": 3}
    curves = one_at_a_time(grid, setting)
    assert list(curves) == SETTING
    taus = grid.set_index(["task", *SETTING])["weighted_tau"]
    for name, axis in zip(SETTING, AXES, strict=True):
        curve = curves[name]
        assert list(curve.index) == axis
        assert set(curve.columns) == {"land", "digits"}
        for task, value in itertools.product(curve.columns, axis):
            key = (task, *(setting | {name: value}).values())
            assert curve.loc[value, task] == taus[key]


def test_two_at_a_time_the_third_stays(grid):
    setting = {"diffusion_time": 10, "neighbors": 4, "components": 5}
    maps = two_at_a_time(grid, setting)
    assert list(maps) == list(itertools.combinations(SETTING, 2))
    taus = grid.set_index(["task", *SETTING])["weighted_tau"]
    for (first, second), table in maps.items():
        for a, b in itertools.product(table.index, table.columns):
            key = (setting | {first: a, second: b}).values()
            mean = (taus[("land", *key)] + taus[("digits", *key)]) / 2
            assert table.loc[a, b] == pytest.approx(mean)
    assert maps["neighbors", "components"].shape == (2, 2)


def test_a_task_without_taus_is_left_out_and_a_single_gap_stays_a_gap(grid):
    setting = {"diffusion_time": 1, "neighbors": 4, "components": 3}
    empty = grid[grid["task"] == "land"].assign(task="dsloc", weighted_tau=np.nan)
    both = pd.concat([grid, empty], ignore_index=True)
    at = (both[SETTING] == pd.Series(setting)).all(axis=1) & (both["task"] == "land")
    both.loc[at, "weighted_tau"] = np.nan
    curve = one_at_a_time(both, setting)["components"]
    assert set(curve.columns) == {"land", "digits"}
    assert np.isnan(curve.loc[3, "land"])
    table = two_at_a_time(both, setting)["diffusion_time", "neighbors"]
    assert np.isnan(table.loc[1, 4])
    assert table.isna().sum(axis=None) == 1

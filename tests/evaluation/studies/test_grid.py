import itertools

import numpy as np
import pandas as pd
import pytest

from peftdiff.diffusion import diffusion_score, rank_pool
from peftdiff.embeddings import ModelName
from peftdiff.evaluation.studies.grid import (
    grid_components,
    one_at_a_time,
    score_settings,
    tabulate_grid,
    two_at_a_time,
)
from peftdiff.evaluation.studies.parameters import (
    SETTING,
    complete_parameters,
    default_setting,
)
from peftdiff.runtime import UserError
from peftdiff.statistics import weighted_tau

AXES = {"diffusion_times": [1, 5], "neighbors": [6, 10], "components": [4, 6]}
SETTINGS = pd.DataFrame(list(itertools.product(*AXES.values())), columns=SETTING)
SLICED = ([1, 2.5, 10], [4, 8], [3, 5])


def test_a_tasks_grid_holds_every_model_under_every_setting(embeddings):
    features, labels = embeddings
    parameters = {"neighbors": 99, "symmetrize": "mean"}
    table = grid_components(features, labels, AXES, parameters)
    assert len(table) == 5 * 8
    for row in table.itertuples():
        model = ModelName(row.model, None if pd.isna(row.seed) else int(row.seed))
        setting = {name: getattr(row, name) for name in SETTING}
        alone = diffusion_score(features[model], labels, symmetrize="mean", **setting)
        assert (row.intra, row.inter) == pytest.approx(alone[:2], rel=1e-6)


def test_what_a_task_is_too_small_for_is_left_out(embeddings, make, caplog):
    features, labels = embeddings
    large = AXES | {"neighbors": [6, 60, 61], "components": [4, 500]}
    table = grid_components(features, labels, large, {})
    assert set(table["neighbors"]) == {6, 60}
    assert set(table["components"]) == {4}
    assert "'studies.grid.neighbors': values above 60 are left out" in caplog.text
    whole = grid_components(features, labels, AXES, {}).assign(task="land")
    both = pd.concat([table.assign(task="digits"), whole], ignore_index=True)
    truth = make.truth(("digits", "land"), ["lora", "vpt"])
    grid = tabulate_grid(score_settings(both, truth)).set_index(["task", *SETTING])
    assert grid.loc[("digits", 1, 10, 4), "note"].startswith("no score for")
    with pytest.raises(UserError, match=r"'studies\.grid\.components' is \[61\]"):
        grid_components(features, labels, AXES | {"components": [61]}, {})


def test_the_whole_chain_equals_ranking_point_by_point(embeddings, make):
    features, labels = embeddings
    truth = make.truth(("digits",), ["lora", "vpt"])
    components = grid_components(features, labels, AXES, {}).assign(task="digits")
    grid = tabulate_grid(score_settings(components, truth)).set_index(SETTING)
    assert len(grid) == 8
    accuracies = truth[truth["in_pool"]].groupby("method")["accuracy"].mean()
    for setting in itertools.product(*AXES.values()):
        parameters = dict(zip(SETTING, setting, strict=True))
        pairs = {
            name: diffusion_score(array, labels, **parameters)[:2]
            for name, array in features.items()
        }
        scores = [
            rank_pool({m: pairs[ModelName(m, seed)] for m in ("lora", "vpt")}, (1, 1))
            for seed in (0, 1)
        ]
        mean = {m: np.mean([each[m] for each in scores]) for m in ("lora", "vpt")}
        if len(set(mean.values())) == 1:
            assert grid.loc[setting, "note"] == "all scores are equal"
            continue
        wanted = weighted_tau(list(mean.values()), accuracies[list(mean)])
        assert grid.loc[setting, "weighted_tau"] == pytest.approx(wanted)


def test_the_table_has_a_row_for_each_task_and_setting(make):
    components = make.components(settings=SETTINGS)
    components = components[components["task"] != "land"]
    table = tabulate_grid(score_settings(components, make.truth()))
    assert list(table.columns) == [
        *("experiment", "task", "diffusion_time", "neighbors", "components"),
        *("weighted_tau", "note"),
    ]
    assert len(table) == 3 * 8
    absent = table[table["task"] == "land"]
    assert absent["weighted_tau"].isna().all()
    assert absent["note"].str.startswith("no score for lora").all()
    assert table.loc[table["task"] != "land", "weighted_tau"].notna().all()


def test_rows_of_another_order_give_the_same_taus(make):
    components, truth = make.components(settings=SETTINGS), make.truth()
    shuffled = components.sample(frac=1, random_state=0)
    expected = tabulate_grid(score_settings(components, truth))
    found = tabulate_grid(score_settings(shuffled, truth))
    keys = ["task", *SETTING]
    pd.testing.assert_frame_equal(
        found.sort_values(keys, ignore_index=True),
        expected.sort_values(keys, ignore_index=True),
    )


def test_what_is_not_configured_keeps_the_librarys_default():
    assert complete_parameters({"inter": "root"})["inter"] == "root"
    assert complete_parameters({})["kernel_width"] == 1.0
    wanted = {"diffusion_time": 3, "neighbors": 20, "components": 32}
    assert default_setting({"diffusion_time": 3, "inter": "root"}) == wanted


@pytest.fixture
def grid():
    rng = np.random.default_rng(0)
    rows = [
        (task, *setting, rng.uniform(-1, 1))
        for task in ("land", "digits")
        for setting in itertools.product(*SLICED)
    ]
    table = pd.DataFrame(rows, columns=["task", *SETTING, "weighted_tau"])
    return table.sample(frac=1, random_state=0)


def test_one_at_a_time_the_others_stay(grid):
    setting = {"diffusion_time": 2.5, "neighbors": 8, "components": 3}
    curves = one_at_a_time(grid, setting)
    assert list(curves) == SETTING
    taus = grid.set_index(["task", *SETTING])["weighted_tau"]
    for name, axis in zip(SETTING, SLICED, strict=True):
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

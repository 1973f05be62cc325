import itertools

import numpy as np
import pandas as pd
import pytest

from peftdiff.diffusion import diffusion_score, rank_pool
from peftdiff.evaluation.studies.grid import (
    grid_components,
    score_settings,
    tabulate_grid,
)
from peftdiff.evaluation.studies.parameters import (
    SETTING,
    complete_parameters,
    default_setting,
)
from peftdiff.statistics import weighted_tau

AXES = {"diffusion_times": [1, 5], "neighbors": [6, 10], "components": [4, 6]}
SETTINGS = pd.DataFrame(list(itertools.product(*AXES.values())), columns=SETTING)


def test_a_tasks_grid_holds_every_model_under_every_setting(embeddings):
    features, labels = embeddings
    parameters = {"neighbors": 99, "symmetrize": "mean"}
    table = grid_components(features, labels, AXES, parameters)
    assert len(table) == 5 * 8
    for row in table.itertuples():
        name = row.model if pd.isna(row.seed) else f"{row.model}/{int(row.seed)}"
        setting = {name: getattr(row, name) for name in SETTING}
        alone = diffusion_score(features[name], labels, symmetrize="mean", **setting)
        assert (row.intra, row.inter) == pytest.approx(alone[:2], rel=1e-6)


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
            rank_pool({m: pairs[f"{m}/{seed}"] for m in ("lora", "vpt")}, (1, 1))
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

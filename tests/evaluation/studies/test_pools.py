import itertools

import numpy as np
import pandas as pd
import pytest

from peftdiff.diffusion import rank_pool
from peftdiff.evaluation.studies.parameters import SETTING
from peftdiff.evaluation.studies.pools import (
    correlate_scores,
    gather_pools,
    mean_scores,
    require_distances,
)

SETTINGS = pd.DataFrame(list(itertools.product([1, 2.5], [4, 8], [3])), columns=SETTING)


def rank_by_hand(rows, methods, seeds=(0, 1), combine="minmax"):
    """Return mean scores of one setting, a pool at a time."""
    pairs = {(row.model, row.seed): (row.intra, row.inter) for row in rows.itertuples()}
    (backbone,) = [pair for (model, _), pair in pairs.items() if model == "backbone"]
    by_seed = [
        rank_pool({m: pairs[m, seed] for m in methods}, backbone, combine)
        for seed in seeds
    ]
    return [np.mean([scores[m] for scores in by_seed]) for m in methods]


@pytest.mark.parametrize("combine", ["minmax", "zscore", "relative"])
def test_each_point_of_a_grid_is_ranked_as_a_pool_of_its_own(make, combine):
    components = make.components(("digits",), SETTINGS)
    shuffled = components.sample(frac=1, random_state=0)
    found = mean_scores(gather_pools(shuffled, make.methods, SETTINGS), combine)
    assert found.shape == (4, 4)
    for place in SETTINGS.index:
        rows = components[(components[SETTING] == SETTINGS.loc[place]).all(axis=1)]
        wanted = rank_by_hand(rows, make.methods, combine=combine)
        assert found[place] == pytest.approx(wanted, rel=1e-12)


def test_without_settings_there_is_one(make):
    components = make.components(("digits",))
    pools = gather_pools(components, make.methods)
    assert pools.distances.shape == (1, 2, 4, 2)
    assert mean_scores(pools)[0] == pytest.approx(
        rank_by_hand(components, make.methods)
    )


def test_scores_are_normalized_within_a_seed():
    """Worked by hand: seeds of different scale count alike."""
    rows = [("backbone", np.nan, 0, 0)]
    rows += [("lora", 0, 0, 0), ("vpt", 0, 0, 1), ("bitfit", 0, 0, 4)]
    rows += [("lora", 1, 0, 300), ("vpt", 1, 0, 200), ("bitfit", 1, 0, 100)]
    table = pd.DataFrame(rows, columns=["model", "seed", "intra", "inter"])
    found = mean_scores(gather_pools(table, ["lora", "vpt", "bitfit"]))
    # intra agrees, and adds a half; inter gives (0, 1/4, 1) and (1, 1/2, 0).
    assert found[0] == pytest.approx([1.0, 0.875, 1.0])


def test_what_is_missing_leaves_its_setting_without_scores_and_is_named(make):
    components = make.components(("digits",), SETTINGS)
    first = (components[SETTING] == SETTINGS.loc[0]).all(axis=1)
    second = (components[SETTING] == SETTINGS.loc[1]).all(axis=1)
    lost = first & (components["model"] == "vpt") & (components["seed"] == 1)
    components.loc[lost, "intra"] = np.nan
    components = components[~(second & (components["model"] == "backbone"))]
    pools = gather_pools(components, make.methods, SETTINGS)
    scores = mean_scores(pools)
    assert list(np.isnan(scores).all(axis=1)) == [True, True, False, False]
    accuracies = pd.Series([4.0, 3, 2, 1], make.methods)
    taus, notes = correlate_scores(scores, accuracies, pools)
    assert list(np.isnan(taus)) == [True, True, False, False]
    assert notes == ["no score for vpt", "no score for the backbone", "", ""]


def test_an_absent_task_has_no_scores(make):
    none = make.components(("digits",), SETTINGS).iloc[:0]
    pools = gather_pools(none, make.methods, SETTINGS)
    assert np.isnan(mean_scores(pools)).all()
    accuracies = pd.Series([4.0, 3, 2, 1], make.methods)
    notes = correlate_scores(mean_scores(pools), accuracies, pools)[1]
    assert notes[0] == "no score for lora, vpt, bitfit, adapter, the backbone"


def test_equal_values_and_unknown_accuracies_are_reasons(make):
    equal = make.components(("digits",)).assign(intra=1.0, inter=2.0)
    pools = gather_pools(equal, make.methods)
    scores = mean_scores(pools)
    accuracies = pd.Series([4.0, 3, 2, 1], make.methods)
    assert correlate_scores(scores, accuracies, pools)[1] == ["all scores are equal"]
    same = correlate_scores(scores, accuracies * 0, pools)
    assert same[1] == ["all accuracies are equal"]
    accuracies["vpt"] = np.nan
    taus, notes = correlate_scores(scores, accuracies, pools)
    assert np.isnan(taus).all()
    assert notes == ["no accuracy for vpt"]


def test_a_table_of_another_metric_says_what_to_add(make):
    other = make.components().drop(columns=["intra", "inter"])
    with pytest.raises(ValueError, match="add peftdiff to the config key 'metrics'"):
        require_distances(other)

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.evaluation.studies.grid import score_settings
from peftdiff.evaluation.studies.parameters import SETTING
from peftdiff.evaluation.studies.selection import NONE, choose, choose_settings
from peftdiff.statistics import weighted_tau

SETTINGS = pd.DataFrame(list(itertools.product([1, 5], [6, 9], [4])), columns=SETTING)
DEFAULT = dict(zip(SETTING, (5, 6, 4), strict=True))
OTHERS = "best_on_the_other_tasks"


def test_choices_by_hand():
    taus = np.array([[0.9, 0.0, 0.5], [0.0, 0.8, 0.7], [0.1, 0.3, 0.2]])
    chosen = choose(taus, default=2)
    assert list(chosen["best_on_the_task"]) == [0, 1, 1]
    assert list(chosen["best_on_all_tasks"]) == [2, 2, 2]  # means 1/3, 11/30, 7/15
    # Without the first task 0.05, 0.55, 0.45; the second 0.5, 0.15, 0.35; the third
    # 0.45, 0.4, 0.6.
    assert list(chosen[OTHERS]) == [1, 0, 2]
    assert list(chosen["default"]) == [2, 2, 2]


tables = st.tuples(st.integers(2, 5), st.integers(1, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(
            st.integers(-4, 4).map(lambda k: k / 4),
            min_size=shape[1],
            max_size=shape[1],
        ),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@given(tables)
def test_leaving_one_task_out_by_enumeration(rows):
    taus = np.array(rows)
    chosen = choose(taus, default=0)
    for task in range(len(taus)):
        best, place = -math.inf, None
        for setting in range(taus.shape[1]):
            total = sum(taus[i, setting] for i in range(len(taus)) if i != task)
            if total > best:
                best, place = total, setting
        assert chosen[OTHERS][task] == place


@given(tables)
def test_no_choice_beats_those_that_look(rows):
    taus = np.array(rows)
    chosen = choose(taus, default=0)
    mean = {k: taus[np.arange(len(taus)), v].mean() for k, v in chosen.items()}
    least = 1e-12
    assert mean["best_on_the_task"] >= mean["best_on_all_tasks"] - least
    assert mean["best_on_all_tasks"] >= mean["default"] - least
    assert mean["best_on_the_task"] >= mean[OTHERS] - least


def test_an_undefined_task_has_no_say_and_an_undefined_setting_is_not_chosen():
    nan = math.nan
    taus = np.array([[0.9, 0.1], [nan, nan], [nan, 0.2]])
    chosen = choose(taus, default=0)
    assert list(chosen["best_on_all_tasks"]) == [1, NONE, 1]
    assert list(chosen["best_on_the_task"]) == [0, NONE, 1]
    assert list(chosen[OTHERS]) == [1, NONE, 0]


def test_one_task_alone_cannot_be_left_out():
    chosen = choose(np.array([[0.3, 0.4]]), default=0)
    assert list(chosen[OTHERS]) == [NONE]
    assert list(chosen["best_on_all_tasks"]) == [1]


def chosen_table(make, tasks=("digits", "land", "dsloc"), default=DEFAULT, **more):
    components = make.components(tasks, SETTINGS)
    scored = score_settings(components, make.truth(tasks))
    return scored, choose_settings(scored, default, **more)


def test_the_table_names_the_setting_and_what_it_reaches(make):
    scored, table = chosen_table(make, draws=5)
    assert list(table.columns) == [
        *("experiment", "choice", "task", "diffusion_time", "neighbors", "components"),
        *("weighted_tau", "mean_weighted_tau", "n_tasks", "chance_mean", "chance_sd"),
        "note",
    ]
    assert len(table) == 4 * 3
    grid = {
        (task, *setting): scored.taus[i, j]
        for i, task in enumerate(scored.accuracies.index)
        for j, setting in enumerate(SETTINGS.itertuples(index=False, name=None))
    }
    for row in table.itertuples():
        key = (row.task, row.diffusion_time, row.neighbors, row.components)
        assert row.weighted_tau == grid[key]
    for _, rows in table.groupby("choice"):
        mean = rows["weighted_tau"].mean()
        assert rows["mean_weighted_tau"].to_numpy() == pytest.approx(mean)
    default = table[table["choice"] == "default"]
    assert (default[SETTING] == list(DEFAULT.values())).all(axis=None)
    assert set(table["n_tasks"]) == {3}


def test_chance_rewards_a_choice_that_looks_and_no_other(make):
    _, table = chosen_table(make, draws=400)
    rows = table.drop_duplicates("choice").set_index("choice")
    error = 3 * rows["chance_sd"] / math.sqrt(400)
    chance = rows["chance_mean"]
    assert chance["best_on_the_task"] > chance["best_on_all_tasks"]
    assert chance["best_on_all_tasks"] > error["best_on_all_tasks"]
    assert abs(chance[OTHERS]) < error[OTHERS]
    assert chance["default"] == 0


def test_tasks_that_are_alike_have_one_chance_together(make):
    components, truth = make.components(("digits",), SETTINGS), make.truth(("digits",))
    tasks = ("digits", "land", "dsloc")
    parts = [
        pd.concat([table.assign(task=task) for task in tasks], ignore_index=True)
        for table in (components, truth)
    ]
    alike = choose_settings(score_settings(*parts), DEFAULT, draws=50)
    alone = choose_settings(score_settings(components, truth), DEFAULT, draws=50)
    alike, alone = (
        t.drop_duplicates("choice").set_index("choice") for t in (alike, alone)
    )
    for choice in ("default", "best_on_the_task"):
        for column in ("chance_mean", "chance_sd"):
            assert alike.loc[choice, column] == pytest.approx(alone.loc[choice, column])
    # So whoever chooses on the other tasks has looked.
    assert alike.loc[OTHERS, "chance_mean"] == pytest.approx(
        alone.loc["best_on_the_task", "chance_mean"]
    )


def test_chance_of_the_default_is_that_of_every_order(make):
    scored, table = chosen_table(make, draws=5)
    (place,) = SETTINGS.index[SETTINGS.eq(pd.Series(DEFAULT)).all(axis=1)]
    means = [
        np.mean(
            [
                weighted_tau(own[place], true[list(order)])
                for own, true in zip(
                    scored.scores, scored.accuracies.to_numpy(), strict=True
                )
            ]
        )
        for order in itertools.permutations(range(4))
    ]
    found = table.loc[table["choice"] == "default", "chance_sd"]
    assert found.to_numpy() == pytest.approx(np.std(means))


def test_the_same_seed_gives_the_same_table(make):
    pd.testing.assert_frame_equal(
        chosen_table(make, draws=5)[1], chosen_table(make, draws=5)[1]
    )


def test_what_cannot_be_chosen_says_why(make):
    _, table = chosen_table(make, ("digits",), DEFAULT | {"neighbors": 7}, draws=3)
    notes = table.set_index("choice")["note"]
    assert notes["default"] == "the default setting is not on the grid"
    assert notes[OTHERS] == "there is no other task to choose on"
    assert notes["best_on_all_tasks"] == ""
    empty = table.set_index("choice").loc[["default", OTHERS]]
    assert empty[[*SETTING, "weighted_tau", "mean_weighted_tau"]].isna().all(axis=None)
    assert set(empty["n_tasks"]) == {0}


def test_a_task_without_scores_is_left_out_and_named(make):
    components = make.components(settings=SETTINGS)
    components = components[components["task"] != "land"]
    scored = score_settings(components, make.truth())
    table = choose_settings(scored, DEFAULT, draws=3)
    land = table[table["task"] == "land"]
    assert land["weighted_tau"].isna().all()
    assert land["note"].str.startswith("no score for lora").all()
    assert set(table["n_tasks"]) == {2}

"""What can be said of accuracies: against chance, and against one another."""

import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation import standings
from peftdiff.evaluation.standings import (
    best_on_average,
    describe_tasks,
    describe_test_set,
    says_something,
    stand,
)
from peftdiff.records import read_table, write_table
from tests.helpers import tables

FOUR = ("lora", "vpt", "bitfit", "adapter")


def judged(accuracies, **test_set):
    """Return the row of tasks.csv of one task, and how its methods stand."""
    truth = tables.counted({"pets": accuracies}, **test_set)
    found = stand(truth)
    return describe_tasks(truth, found).iloc[0], found.set_index("method")


def alike(accuracy, seeds=1):
    return {method: [accuracy] * seeds for method in FOUR}


@pytest.mark.parametrize(
    ("accuracies", "test_set", "verdict", "take"),
    [
        # Four balanced classes, and no better than guessing.
        (
            {"lora": [23.0], "vpt": [22.0], "bitfit": [21.0]},
            {"n_images": 200},
            standings.AT_CHANCE,
            "",
        ),
        # Better than guessing, but not than one answer for all images.
        (alike(40.0), {"share": 40.0}, standings.AT_CHANCE, ""),
        # 2,000 classes, nothing right.
        (
            alike(0.0, 3),
            {"n_images": 2000, "n_classes": 2000, "share": 0.1},
            standings.AT_CHANCE,
            "",
        ),
        # A class of 98 %, every method two images above it.
        (
            alike(99.0),
            {"n_images": 200, "n_classes": 2, "share": 98.0},
            standings.AT_CHANCE,
            "",
        ),
        # Three images tell nothing, whatever the accuracies.
        (
            {"lora": [100.0], "vpt": [100 / 3]},
            {"n_images": 3, "n_classes": 2, "share": 200 / 3},
            standings.AT_CHANCE,
            "",
        ),
        # Nothing wrong: the methods cannot be told apart, whatever the seeds.
        (alike(100.0, 3), {}, standings.ALL_ALIKE, "lora"),
        # A point of a thousand images is noise.
        (
            {"lora": [80.0], "vpt": [79.0]},
            {},
            standings.ALL_ALIKE,
            "lora",
        ),
        ({"lora": [80.0], "vpt": [60.0]}, {}, standings.ONE_BEST, "lora"),
        # Of two that cannot be told apart the smaller is taken, lower or not.
        (
            {"lora": [79.0], "vpt": [80.0], "bitfit": [50.0]},
            {},
            standings.SOME_ALIKE,
            "lora",
        ),
        ({"lora": [80.0]}, {}, standings.ALONE, ""),
        ({"lora": [20.0]}, {}, standings.AT_CHANCE, ""),
        ({"lora": [np.nan], "vpt": [np.nan]}, {}, standings.NO_ACCURACY, ""),
        # A method without an accuracy is no rival.
        (
            {"lora": [80.0], "vpt": [np.nan], "bitfit": [50.0]},
            {},
            standings.ONE_BEST,
            "lora",
        ),
    ],
)
def test_the_verdict_on_a_task(accuracies, test_set, verdict, take):
    task, _ = judged(accuracies, **test_set)
    assert task["verdict"] == verdict
    assert (task.get("take") if pd.notna(task.get("take")) else "") == take


def test_seeds_that_differ_leave_a_lead_open():
    steady = {"lora": [80.0, 80.2, 79.8], "vpt": [70.0, 70.1, 69.9]}
    assert judged(steady)[0]["verdict"] == standings.ONE_BEST
    loose = {"lora": [90.0, 60.0, 90.0], "vpt": [70.0, 70.1, 69.9]}
    assert judged(loose)[0]["verdict"] == standings.ALL_ALIKE


def test_seeds_do_not_make_more_images():
    one = judged({"lora": [27.5], "vpt": [27.0]})[1]
    many = judged({"lora": [27.5] * 9, "vpt": [27.0] * 9})[1]
    assert one.loc["lora", "p_value_chance"] == many.loc["lora", "p_value_chance"]
    assert 0.05 < one.loc["lora", "p_value_chance"] < 0.1


def test_more_methods_need_more_evidence():
    two = judged({"lora": [80.0], "vpt": [76.0]})[1]
    methods = {"lora": [80.0], "vpt": [76.0], "bitfit": [50.0], "adapter": [50.0]}
    four = judged(methods)[1]
    ratio = four.loc["vpt", "p_value_best"] / two.loc["vpt", "p_value_best"]
    assert ratio == pytest.approx(3)
    ratio = four.loc["vpt", "p_value_chance"] / two.loc["vpt", "p_value_chance"]
    assert ratio == pytest.approx(2)


def test_without_a_count_of_images_seeds_alone_decide():
    """As in tables of old, and in published ones."""
    truth = tables.truth(tasks={"pets": "natural"})
    found = stand(truth)
    assert found["beyond_chance"].isna().all()
    assert set(found["note"]) == {standings.UNKNOWN_TEST_SET}
    task = describe_tasks(truth, found).iloc[0]
    assert task[["n_test_images", "chance", "majority_share"]].isna().all()
    assert task["verdict"] == standings.ONE_BEST
    few = truth[truth["seed"] < 2]
    task = describe_tasks(few, stand(few)).iloc[0]
    assert (task["verdict"], task["take"]) == (standings.NOT_TOLD, "")
    printed = tables.published(truth)
    task = describe_tasks(printed, stand(printed)).iloc[0]
    assert (task["verdict"], task["n_seeds"]) == (standings.NOT_TOLD, 0)


def test_places_and_distances(tmp_path):
    _, found = judged({"lora": [70.0, 72.0], "vpt": [80.0, 84.0], "bitfit": [71.0] * 2})
    assert found["accuracy"].to_dict() == {"lora": 71.0, "vpt": 82.0, "bitfit": 71.0}
    assert found["place"].to_dict() == {"lora": 2, "vpt": 1, "bitfit": 2}
    assert found["behind"].to_dict() == {"lora": 11.0, "vpt": 0.0, "bitfit": 11.0}
    assert set(found["n_seeds"]) == {2}


def test_the_test_set_is_described_by_its_labels():
    labels = np.array([2, 2, 2, 0, 1, 1, 1, 0])
    assert describe_test_set(labels, ["a", "01", "c", "d"]) == {
        "n_test_images": 8,
        "n_classes": 4,
        "chance": 25.0,
        "majority_class": "01",  # the first of the two most frequent ones
        "majority_share": 37.5,
    }


def test_a_class_that_looks_like_a_number_keeps_its_name(tmp_path):
    task, _ = judged(alike(50.0), name="01")
    write_table(tmp_path / "tasks.csv", pd.DataFrame([task]))
    assert read_table(tmp_path / "tasks.csv")["majority_class"].tolist() == ["01"]


def test_tasks_that_tell_nothing_say_nothing():
    nothing = tables.counted({"pets": alike(24.0), "cars": alike(100.0)})
    some = tables.counted({"pets": alike(24.0), "cars": {"lora": [80], "vpt": [50]}})
    for truth, says in ((nothing, False), (some, True)):
        assert says_something(describe_tasks(truth, stand(truth))) == says


def test_the_best_on_average_and_who_cannot_be_told_from_it():
    near = {"lora": [80.0], "vpt": [79.5], "bitfit": [50.0]}
    found = best_on_average(tables.counted({"pets": near, "cars": near}))
    assert (found.method, found.alike, found.is_told) == ("lora", ["vpt"], True)
    assert (found.wins, found.n_tasks, found.lost) == (2, 2, 0.0)
    same = {"lora": [80.0], "vpt": [79.5]}
    found = best_on_average(tables.counted({"pets": same, "cars": same}))
    assert not found.is_told
    # A lead that is noise on each of many tasks is none on all of them.
    many = {f"task {n}": {"lora": [80.0], "vpt": [78.0]} for n in range(12)}
    assert best_on_average(tables.counted(many)).alike == []


def test_the_best_method_for_all_tasks_is_that_of_the_highest_mean():
    truth = tables.truth()
    found = best_on_average(truth)
    means = truth[truth["in_pool"]].pivot_table("accuracy", "task", "method")
    assert found.method == means.mean().idxmax()
    assert found.accuracy == pytest.approx(means.mean().max())
    lost = means.max(axis=1) - means[found.method]
    assert found.lost == pytest.approx(lost.mean())
    assert (found.wins, found.n_tasks) == ((lost < 1e-9).sum(), len(means))
    assert best_on_average(truth[truth["method"] == "lora"]) is None

import numpy as np
import pandas as pd
import pytest

from peftdiff.reporting.webpage.by_task import OVERALL, task_table, wide
from peftdiff.reporting.webpage.tables import BEST, SECOND, notes_of

GROUPS = {"natural": ["digits", "texture"], "structured": ["dsloc"]}
TASKS = ["digits", "texture", "dsloc"]


@pytest.fixture
def values():
    numbers = [[0.5, 0.1, 0.3], [0.2, 0.4, 0.1], [0.0, 0.0, 0.0]]
    return pd.DataFrame(numbers, index=["a", "b", "chance"], columns=TASKS)


def cells(table, row):
    (found,) = [each.cells for each in table.rows if each.cells[0].text == row]
    return {
        (c.group, c.label): cell for c, cell in zip(table.columns, found, strict=True)
    }


def test_tasks_stand_in_groups_with_averages_behind(values):
    table = task_table("t", values, GROUPS, heading="Metric")
    assert [column.label for column in table.columns] == [
        *("Metric", "Digits", "Texture", "Avg. Nat.", "Sprite-Loc", "Avg. Str."),
        "Avg.",
    ]
    assert table.spans == [("Natural", 3), ("Structured", 2), (OVERALL, 1)]
    row = cells(table, "a")
    assert row["Natural", "Avg. Nat."].value == pytest.approx(0.3)
    assert row["Structured", "Avg. Str."].value == pytest.approx(0.3)
    # Over tasks, not over groups.
    assert row[OVERALL, "Avg."].value == pytest.approx(0.9 / 3)


def test_the_best_are_marked_in_every_column_but_not_baselines(values):
    kinds = {"chance": "baseline"}
    high = task_table("t", values, GROUPS, heading="", kinds=kinds)
    assert cells(high, "a")["Natural", "Digits"].mark == BEST
    assert cells(high, "b")["Natural", "Digits"].mark == SECOND
    assert cells(high, "chance")["Natural", "Digits"].mark == ""
    assert [row.kind for row in high.rows] == ["", "", "baseline"]
    low = task_table("t", values, GROUPS, heading="", best="lowest")
    assert cells(low, "chance")["Natural", "Digits"].mark == BEST
    plain = task_table("t", values, GROUPS, heading="", best="")
    assert all(cell.mark == "" for row in plain.rows for cell in row.cells)


def test_an_undefined_value_has_its_note_and_leaves_the_average(values):
    values.loc["a", "texture"] = np.nan
    values.loc["b"] = np.nan
    notes = {("a", "texture"): "saturated", ("a", "digits"): "two seeds"}
    table = task_table("t", values, GROUPS, heading="", notes=notes)
    row = cells(table, "a")
    assert row["Natural", "Texture"].text == ""
    assert row["Natural", "Texture"].note == "saturated"
    assert row["Natural", "Digits"].note == ""  # a number needs no footnote
    assert row["Natural", "Digits"].hint == "two seeds"
    assert row["Natural", "Avg. Nat."].value == pytest.approx(0.5)
    assert row["Natural", "Avg. Nat."].note == "average over 1 of 2 tasks"
    assert row[OVERALL, "Avg."].note == "average over 2 of 3 tasks"
    assert cells(table, "b")[OVERALL, "Avg."].note == "undefined on each of 3 tasks"
    assert cells(table, "b")["Natural", "Digits"].note == "no value"


def test_one_group_has_one_average(values):
    groups = {"natural": ["digits", "texture"]}
    table = task_table("t", values, groups, heading="")
    labels = [column.label for column in table.columns]
    assert labels == ["", "Digits", "Texture", "Avg."]


def test_one_task_is_its_own_average(values):
    table = task_table("t", values, {"natural": ["digits"]}, heading="")
    assert [column.label for column in table.columns] == ["", "Digits"]


def test_printed_averages_take_the_place_of_computed_ones(values):
    printed = {"natural": {"a": 0.111}, OVERALL: {"a": 0.222}}
    table = task_table("t", values, GROUPS, heading="", printed=printed)
    row = cells(table, "a")
    assert row["Natural", "Avg. Nat."].value == 0.111
    assert row[OVERALL, "Avg."].value == 0.222


def test_tidy_tables_become_wide():
    tidy = pd.DataFrame(
        {
            "task": ["x", "x", "y", "y"],
            "metric": ["b", "a", "b", "a"],
            "tau": [1.0, np.nan, 3.0, 4.0],
            "note": [None, "lost", np.nan, None],
        }
    )
    table = wide(tidy, "metric", "tau")
    assert list(table.index) == ["b", "a"]
    assert table.loc["b", "y"] == 3.0
    assert np.isnan(table.loc["a", "x"])
    assert notes_of(tidy, "metric", "task") == {("a", "x"): "lost"}
    assert notes_of(tidy.drop(columns="note"), "metric", "task") == {}
    seeds = pd.concat([tidy, tidy.assign(tau=2.0)])
    # An undefined seed makes the mean undefined.
    assert np.isnan(wide(seeds, "metric", "tau").loc["a", "x"])
    assert wide(seeds, "metric", "tau").loc["b", "x"] == 1.5

import numpy as np
import pandas as pd
import pytest

from peftdiff.reporting.figures import tables


def test_missing_column_names_column_and_table():
    table = pd.DataFrame({"experiment": ["mini"], "task": ["digits"]})
    with pytest.raises(ValueError, match=r"some\.csv lacks the column seed, score"):
        tables.check(table, "some.csv", ("task", "seed", "score"))
    tables.check(table, "some.csv", ("task",))


def test_empty_table_raises():
    table = pd.DataFrame(columns=["experiment", "task"])
    with pytest.raises(ValueError, match=r"some\.csv has no rows"):
        tables.check(table, "some.csv", ("task",))


def test_two_experiments_raise():
    table = pd.DataFrame({"experiment": ["mini", "mini_long"], "task": "digits"})
    with pytest.raises(ValueError, match="experiments mini, mini_long"):
        tables.check(table, "some.csv", ("task",))


def test_tasks_are_filed_in_order():
    table = pd.DataFrame(
        {
            "task": ["mine", "cells", "land", "digits", "cells"],
            "group": [np.nan, "specialized", "specialized", "natural", "specialized"],
        }
    )
    assert tables.tasks_by_group(table) == {
        "natural": ["digits"],
        "specialized": ["land", "cells"],
        "": ["mine"],
    }
    assert list(tables.tasks_by_group(table)) == ["natural", "specialized", ""]


def test_summary_is_empty_where_any_seed_is():
    table = pd.DataFrame(
        {
            "task": "t",
            "method": ["a", "a", "b", "b"],
            "value": [1.0, 4.0, 2.0, np.nan],
        }
    )
    summary = tables.seed_summary(table, "value")
    assert list(summary.loc[("t", "a")]) == [2.5, 1, 4]
    assert np.isnan(summary.loc[("t", "b"), "mean"])


@pytest.mark.parametrize(("seeds", "text"), [([0], "1 seed"), ([0, 1, 1], "2 seeds")])
def test_seeds_are_counted_once(seeds, text):
    assert tables.count_seeds(pd.DataFrame({"seed": seeds})) == text

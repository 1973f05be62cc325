import csv
import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.evaluation.published import recompute
from peftdiff.evaluation.published.poster import NO_TASKS, ZERO, Value, printed_as
from tests.helpers.project import PUBLISHED

IMPROVEMENTS = {"nleep": "1297.29", "ncti": "149.75", "sfda": "140.46"}
IMPROVEMENTS |= {"logme": "68.95"}
SPEED_UPS = {"natural": 218.19, "specialized": 213.37}
SPEED_UPS |= {"structured": 183.87, "total": 199.76}


def rows(name):
    """Return a table's cells as text, so that they can be computed with exactly."""
    with open(PUBLISHED / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def of(table, quantity):
    return table[table["quantity"] == quantity].set_index(["name", "group"])


def test_every_average_is_rounded_from_the_taus_of_its_tasks(poster):
    found = of(recompute(poster), "average")
    assert len(found) == 5 * 4
    for row in rows("averages"):
        taus = [
            Decimal(cell["weighted_tau"])
            for cell in rows("weighted_tau")
            if cell["metric"] == row["metric"]
            and row["group"] in (cell["group"], "all")
            and cell["weighted_tau"]
        ]
        mean = sum(taus) / len(taus)
        printed = mean.quantize(Decimal("0.001"), ROUND_HALF_UP)
        assert str(printed) == row["weighted_tau"]
        line = found.loc[(row["metric"], row["group"])]
        assert line["recomputed"] == pytest.approx(float(mean))
        assert line["n_tasks"] == len(taus)
        assert line["printed_as"].startswith("rounded")


def test_an_average_says_which_task_it_lacks(poster):
    found = of(recompute(poster), "average")
    assert found.loc[("sfda", "all"), "n_tasks"] == 18
    assert found.loc[("sfda", "all"), "note"] == "no value on kitti"
    assert found.loc[("sfda", "natural"), "note"] == ""
    assert found.loc[("peftdiff", "all"), "n_tasks"] == 19


@pytest.mark.parametrize("metric", IMPROVEMENTS)
def test_improvements_are_truncated_from_rounded_averages(poster, metric):
    averages = {
        row["metric"]: Decimal(row["weighted_tau"])
        for row in rows("averages")
        if row["group"] == "all"
    }
    exact = 100 * (averages["peftdiff"] / averages[metric] - 1)
    printed = IMPROVEMENTS[metric]
    assert str(exact.quantize(Decimal("0.01"), ROUND_DOWN)) == printed
    line = of(recompute(poster), "improvement").loc[(metric, "all")]
    assert line["recomputed"] == pytest.approx(float(exact))
    assert line["printed"] == float(printed)
    rounded = str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP)) == printed
    assert line["printed_as"] == ("rounded or " if rounded else "") + "truncated"
    assert rounded == (metric == "logme")


def test_improvements_from_tasks_take_the_tasks_that_both_have(poster):
    found = of(recompute(poster), "improvement_from_tasks")
    taus = poster.taus.pivot(index="task", columns="metric", values="weighted_tau")
    without = taus.drop(index="kitti")
    expected = 100 * (without["peftdiff"].mean() / without["sfda"].mean() - 1)
    assert found.loc[("sfda", "all"), "n_tasks"] == 18
    assert found.loc[("sfda", "all"), "recomputed"] == pytest.approx(expected)
    assert found.loc[("sfda", "all"), "printed_as"] == "not explained"
    expected = 100 * (taus["peftdiff"].mean() / taus["nleep"].mean() - 1)
    assert found.loc[("nleep", "all"), "recomputed"] == pytest.approx(expected)
    note = of(recompute(poster), "improvement").loc[("sfda", "all"), "note"]
    assert note == "peftdiff's average runs over 19 tasks"


def test_speed_ups_follow_from_the_minutes_or_not(poster):
    found = of(recompute(poster), "speed_up").droplevel("name")
    assert found["recomputed"].round(2).to_dict() == SPEED_UPS
    assert found["printed_as"].to_dict() == {
        "natural": "inputs rounded",
        "specialized": "not explained",
        "structured": "not explained",
        "total": "inputs rounded",
    }
    low, high = found.loc["specialized", ["low", "high"]]
    assert low == pytest.approx(2105.95 / 9.875)
    assert high == pytest.approx(2106.05 / 9.865)


def test_only_the_whole_score_of_the_ablation_can_be_recomputed(poster):
    found = of(recompute(poster), "ablation").droplevel("group")
    assert found.loc["combined", "recomputed"] == pytest.approx(9.829 / 19)
    assert found.loc["combined", "printed_as"] == "rounded or truncated"
    for part in ("intra_only", "inter_only"):
        assert math.isnan(found.loc[part, "recomputed"])
        assert found.loc[part, "printed_as"] == ""
        assert found.loc[part, "note"] == NO_TASKS


def test_a_metric_without_taus_has_empty_cells_and_a_note(poster):
    taus = poster.taus[poster.taus["metric"] != "ncti"]
    table = recompute(poster._replace(taus=taus))
    for quantity in ("average", "improvement_from_tasks"):
        line = of(table, quantity).loc[("ncti", "all")]
        assert math.isnan(line["recomputed"])
        assert line["n_tasks"] == 0
        assert line["note"] == NO_TASKS


@pytest.mark.parametrize("average", [0.0, -0.2, 0.0004])
def test_an_improvement_over_nothing_is_undefined(poster, average):
    averages = poster.averages.copy()
    nleep = (averages["metric"] == "nleep") & (averages["group"] == "all")
    averages.loc[nleep, "weighted_tau"] = average
    line = of(recompute(poster._replace(averages=averages)), "improvement")
    assert math.isnan(line.loc[("nleep", "all"), "recomputed"])
    assert line.loc[("nleep", "all"), "note"] == ZERO
    assert line.loc[("nleep", "all"), "printed_as"] == ""


def test_tables_are_left_as_they_were(poster):
    copies = [table.copy(deep=True) for table in poster]
    recompute(poster)
    for table, copy in zip(poster, copies, strict=True):
        pd.testing.assert_frame_equal(table, copy)


@pytest.mark.parametrize(
    ("printed", "value", "word"),
    [
        (0.12, 0.1249, "rounded or truncated"),
        (0.13, 0.1251, "rounded"),
        (0.12, 0.1251, "truncated"),
        (0.13, 0.125, "rounded"),
        (-0.12, -0.1299, "truncated"),
        (-0.13, -0.1299, "rounded"),
        (-0.13, -0.1201, "inputs rounded"),
        (0.14, 0.1251, "inputs rounded"),
        (0.11, 0.1251, "inputs rounded"),
        (0.15, 0.1251, "not explained"),
        (0.10, 0.1251, "not explained"),
        (-0.12, 0.12, "not explained"),
        (0.12, math.nan, ""),
    ],
)
def test_how_a_number_was_printed(printed, value, word):
    found = Value(value, value - 0.01, value + 0.01)
    assert printed_as(printed, found, 2) == word


@given(
    value=st.floats(-300, 300),
    error=st.floats(0, 1),
    place=st.floats(-1, 1),
    truncate=st.booleans(),
)
def test_whatever_rounding_allows_is_explained(value, error, place, truncate):
    within = value + place * error
    scaled = 100 * within
    printed = (math.trunc(scaled) if truncate else np.rint(scaled)) / 100
    found = Value(value, value - error, value + error)
    assert printed_as(printed, found, 2) != "not explained"

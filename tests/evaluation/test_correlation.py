import numpy as np
import pandas as pd
import pytest
from scipy.stats import weightedtau

from peftdiff.evaluation.correlation import correlate, mean_accuracies, reliabilities
from peftdiff.statistics import p_value, permutation_null
from tests.helpers import tables

METHODS = ["lora", "vpt", "bitfit", "adapter"]
ACCURACY = {
    "digits": [[60, 50, 55, 40], [62, 48, 57, 41]],
    "land": [[70, 72, 71, 60], [69, 73, 70, 61]],
    "dsloc": [[80, 30, 50, 40], [81, 29, 52, 41]],
}
GROUPS = {"digits": "natural", "land": "specialized", "dsloc": "structured"}
PARAMETERS = {"lora": 40, "vpt": 10, "bitfit": 20, "adapter": 30, "full": 999}


def truth_table(seeds=(0, 1)):
    rows = [
        (task, GROUPS[task], method, True, seed, values[seed][place])
        for task, values in ACCURACY.items()
        for seed in seeds
        for place, method in enumerate(METHODS)
    ]
    rows += [(task, GROUPS[task], "full", False, 0, 99.0) for task in ACCURACY]
    columns = ["task", "group", "method", "in_pool", "seed", "accuracy"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "experiment", "test")
    return table.assign(trainable_parameters=table["method"].map(PARAMETERS))


def score_table(**tasks):
    return pd.DataFrame(
        [
            ("test", task, GROUPS[task], method, seed, "logme", value + seed)
            for task, values in tasks.items()
            for method, value in zip(METHODS, values, strict=True)
            for seed in (0, 1)
        ],
        columns=[*("experiment", "task", "group", "method", "seed"), "metric", "score"],
    )


SCORES = {"digits": [4, 2, 3, 1], "land": [1, 2, 3, 4], "dsloc": [4, 1, 3, 2]}


def tau_of(table, task, metric):
    row = table[(table["task"] == task) & (table["metric"] == metric)]
    assert len(row) == 1
    return row["weighted_tau"].iloc[0]


def test_tau_compares_means_over_seeds_within_the_pool():
    table = correlate(score_table(**SCORES), truth_table())
    for task, scores in SCORES.items():
        accuracies = np.mean(ACCURACY[task], axis=0)
        expected = weightedtau(scores, accuracies).statistic
        assert tau_of(table, task, "logme") == pytest.approx(expected)
    assert tau_of(table, "digits", "logme") == pytest.approx(1)


def test_the_baselines_are_rows_too():
    table = correlate(score_table(**SCORES), truth_table())
    counts = [PARAMETERS[method] for method in METHODS]
    elsewhere = np.array([[4, 1, 3, 2], [2, 4, 3, 1]])  # ranks on dsloc and on land
    for task, scores, metric in (
        ("digits", counts, "parameter_count"),
        ("digits", elsewhere.mean(0), "static"),
    ):
        accuracies = np.mean(ACCURACY[task], axis=0)
        expected = weightedtau(scores, accuracies).statistic
        assert tau_of(table, task, metric) == pytest.approx(expected)
    assert tau_of(table, "digits", "random") == 0
    assert set(table["metric"]) == {"logme", "static", "parameter_count", "random"}
    assert set(table["n_methods"]) == {4}
    assert table["null_sd"].between(0.4, 0.7).all()


def test_rows_of_other_order_give_the_same_table():
    scores, truth = score_table(**SCORES), truth_table()
    expected = correlate(scores, truth).set_index(["task", "metric"]).sort_index()
    shuffled = correlate(
        scores.sample(frac=1, random_state=0), truth.sample(frac=1, random_state=1)
    )
    shuffled = shuffled.set_index(["task", "metric"]).sort_index()
    pd.testing.assert_frame_equal(shuffled, expected)


def test_an_undefined_tau_says_why():
    scores = score_table(
        digits=[1, 1, 1, 1], land=[1, 2, 3, np.nan], dsloc=[4, 1, 3, 2]
    )
    table = correlate(scores, truth_table()).set_index(["task", "metric"])
    assert np.isnan(table.loc[("digits", "logme"), "weighted_tau"])
    assert table.loc[("digits", "logme"), "note"] == "all scores are equal"
    assert table.loc[("land", "logme"), "note"] == "no score for adapter"
    assert table.loc[("dsloc", "logme"), "note"] == "too few seeds for an interval"
    for task in ("digits", "land"):
        empty = table.loc[(task, "logme"), ["p_value", "ci_low", "ci_high"]]
        assert empty.isna().all()


def test_a_task_without_scores_is_named():
    scores = score_table(digits=[4, 2, 3, 1])
    table = correlate(scores, truth_table()).set_index(["task", "metric"])
    note = "no score for lora, vpt, bitfit, adapter"
    assert table.loc[("land", "logme"), "note"] == note


def test_one_task_has_no_static_ranking():
    truth = truth_table().query("task == 'digits'")
    table = correlate(score_table(digits=[4, 2, 3, 1]), truth).set_index("metric")
    assert "static" not in table.index
    assert "parameter_count" in table.index


def test_means_leave_out_the_references():
    means = mean_accuracies(truth_table())
    assert list(means.columns) == METHODS
    assert means.loc["digits", "lora"] == 61


def test_reliability_is_tau_between_seeds():
    table = reliabilities(truth_table()).set_index("task")
    for task, (first, second) in ACCURACY.items():
        expected = weightedtau(first, second).statistic
        assert table.loc[task, "reliability"] == pytest.approx(expected)
    alone = reliabilities(truth_table(seeds=(0,)))
    assert alone["reliability"].isna().all()
    assert set(alone["note"]) == {"one seed: no halves to compare"}


def test_equal_accuracies_have_no_reliability():
    flat = truth_table().assign(accuracy=10.0)
    table = reliabilities(flat)
    assert table["reliability"].isna().all()
    assert set(table["note"]) == {"a half of the seeds has equal accuracies"}


def test_a_missing_accuracy_is_named():
    truth = truth_table()
    lost = (truth["task"] == "land") & (truth["method"] == "vpt")
    table = correlate(score_table(**SCORES), truth[~lost])
    table = table.set_index(["task", "metric"])
    assert table.loc[("land", "logme"), "note"] == "no accuracy for vpt"
    assert np.isnan(table.loc[("land", "logme"), "weighted_tau"])
    one = reliabilities(truth[~(lost & (truth["seed"] == 1))]).set_index("task")
    assert one.loc["land", "note"] == "a seed has no accuracy for vpt"
    assert np.isnan(one.loc["land", "reliability"])
    assert one.loc["digits", "note"] == ""


def test_p_values_come_from_random_orders_of_the_same_scores():
    table = correlate(score_table(**SCORES), truth_table())
    accuracies = mean_accuracies(truth_table())
    for task, scores in SCORES.items():
        tau = tau_of(table, task, "logme")
        null = permutation_null(scores, accuracies.loc[task])
        row = table[(table["task"] == task) & (table["metric"] == "logme")]
        assert row["p_value"].iloc[0] == pytest.approx(p_value(tau, null))
    chance = table[table["metric"] == "random"]
    assert chance["p_value"].isna().all()
    assert set(chance["note"]) == {"expected values"}


def test_three_seeds_give_an_interval_and_two_do_not():
    two = correlate(tables.scores([0, 1]), tables.truth([0, 1]))
    two = two[two["metric"] != "random"]
    assert two[["ci_low", "ci_high"]].isna().all(axis=None)
    assert set(two["note"]) == {"too few seeds for an interval"}
    three = correlate(tables.scores(), tables.truth())
    three = three[three["metric"] != "random"]
    assert (three["ci_low"] <= three["ci_high"]).all()
    assert set(three["note"]) == {""}

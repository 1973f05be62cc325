import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation.correlation import correlate
from peftdiff.evaluation.summary import summarize
from peftdiff.statistics import ceiling, mean_interval, regret, reliability, top_hit
from tests.helpers import tables

N = len(tables.METHODS)


@pytest.fixture(scope="module")
def whole():
    return tables.scores(), tables.truth()


def means(table, column):
    return table[table["method"] != "full"].pivot_table(column, "task", "method")


def row_of(table, metric):
    (row,) = table[table["metric"] == metric].to_dict("records")
    return row


def test_rows_are_metrics_and_baselines(whole):
    table = summarize(*whole)
    assert list(table["metric"]) == ["logme", "static", "parameter_count", "random"]
    assert set(table["n_tasks"]) == {3}
    assert set(table["experiment"]) == {"test"}
    assert (table["note"] == ["", "", "", "expected values"]).all()


def test_means_run_over_the_tasks_of_the_correlation(whole):
    table, taus = summarize(*whole), correlate(*whole)
    for metric, own in taus.groupby("metric"):
        row = row_of(table, metric)
        assert row["mean_weighted_tau"] == pytest.approx(own["weighted_tau"].mean())
        if metric != "random":
            expected = mean_interval(own["weighted_tau"])
            assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected)
    expected = taus["null_sd"].mean() / 3**0.5
    for metric in ("logme", "random"):  # the static ranks are tied, which widens theirs
        assert row_of(table, metric)["null_sd"] == pytest.approx(expected)


def test_p_values_of_the_mean_are_shares(whole):
    row = row_of(summarize(*whole), "logme")
    z = abs(row["mean_weighted_tau"]) / row["null_sd"]
    assert 0 < row["p_value"] <= 1
    assert 0 < row["p_value_shared_permutation"] <= 1
    perfect = whole[1].rename(columns={"accuracy": "score"}).assign(metric="logme")
    assert row_of(summarize(perfect, whole[1]), "logme")["p_value"] < 0.001
    assert z < 2 or row["p_value"] < 0.1


def test_choices_are_those_of_mean_scores(whole):
    table = summarize(*whole)
    scores, accuracies = means(whole[0], "score"), means(whole[1], "accuracy")
    pairs = [(scores.loc[t], accuracies.loc[t]) for t in tables.TASKS]
    row = row_of(table, "logme")
    assert row["regret_at_1"] == pytest.approx(np.mean([regret(*p) for p in pairs]))
    expected = np.mean([top_hit(*pair) for pair in pairs])
    assert row["top_3_hit_rate"] == pytest.approx(expected)
    chance = row_of(table, "random")
    expected = (accuracies.max(axis=1) - accuracies.mean(axis=1)).mean()
    assert chance["regret_at_1"] == pytest.approx(expected)
    assert chance["top_3_hit_rate"] == pytest.approx(3 / N)
    assert np.isnan(chance["p_value"])


def test_the_ceiling_comes_from_both_reliabilities(whole):
    row = row_of(summarize(*whole), "logme")
    own, truth = (
        np.mean(
            [
                reliability(
                    table[table["task"] == task].pivot_table(column, "seed", "method")
                )
                for task in tables.TASKS
            ]
        )
        for table, column in (
            (whole[0], "score"),
            (whole[1][whole[1]["method"] != "full"], "accuracy"),
        )
    )
    assert row["reliability"] == pytest.approx(own)
    assert row["truth_reliability"] == pytest.approx(truth)
    assert row["ceiling"] == pytest.approx(ceiling(own, truth))


def test_the_order_of_rows_does_not_matter(whole):
    expected = summarize(*whole).set_index("metric").sort_index()
    found = summarize(*map(tables.shuffled, whole)).set_index("metric").sort_index()
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-12)


def test_an_undefined_task_is_left_out_and_named(whole):
    scores, truth = whole
    lost = (scores["task"] == "land") & (scores["method"] == "vpt")
    gap = scores.assign(score=scores["score"].mask(lost))
    row = row_of(summarize(gap, truth), "logme")
    rest = row_of(
        summarize(scores[scores["task"] != "land"], truth[truth["task"] != "land"]),
        "logme",
    )
    assert (
        row["note"] == "2 of 3 tasks: undefined on land; too few tasks for an interval"
    )
    assert row["n_tasks"] == 2
    assert np.isnan(row["ci_low"])
    for name in ("mean_weighted_tau", "p_value", "regret_at_1", "ceiling"):
        assert row[name] == pytest.approx(rest[name])


def test_a_metric_that_is_undefined_everywhere(whole):
    scores = whole[0].assign(score=1.0)
    row = row_of(summarize(scores, whole[1]), "logme")
    assert row["n_tasks"] == 0
    assert np.isnan(row["mean_weighted_tau"])
    wanted = "0 of 3 tasks: undefined on digits, land, dsloc; too few tasks"
    assert row["note"].startswith(wanted)


def test_one_seed_has_no_reliability():
    table = summarize(tables.scores([0]), tables.truth([0]))
    row = row_of(table, "logme")
    assert np.isnan(row["ceiling"])
    assert "no reliability" in row["note"]
    assert np.isfinite(row["p_value"])


def test_a_missing_accuracy_leaves_the_task_out(whole):
    scores, truth = whole
    lost = (truth["task"] == "land") & (truth["method"] == "vpt")
    table = summarize(scores, truth[~lost])
    assert set(table["n_tasks"]) == {2}
    assert row_of(table, "logme")["note"].startswith("2 of 3 tasks: undefined on land")

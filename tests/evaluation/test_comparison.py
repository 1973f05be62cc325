import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation.comparison import compare_all, compare_pairs
from peftdiff.statistics import critical_difference, friedman, nemenyi

METRICS = ["peftdiff", "logme", "static", "random"]


def correlation(n_tasks=12, metrics=METRICS, seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        ("test", f"task {i}", metric, 0.0 if metric == "random" else rng.uniform(-1, 1))
        for i in range(n_tasks)
        for metric in metrics
    ]
    names = ["experiment", "task", "metric", "weighted_tau"]
    return pd.DataFrame(rows, columns=names)


def taus(table):
    table = table[table["metric"] != "random"]
    return table.pivot_table("weighted_tau", "task", "metric")


def test_metrics_are_ranked_within_tasks_without_the_expected_ones():
    table = correlation()
    found = compare_all(table)
    wide = taus(table)
    expected = wide.rank(axis=1, ascending=False).mean().sort_values()
    assert list(found["metric"]) == list(expected.index)
    assert found["mean_rank"].to_numpy() == pytest.approx(expected.to_numpy())
    test = friedman(wide.to_numpy())
    assert found["statistic"].to_numpy() == pytest.approx(test.statistic)
    assert found["p_value"].to_numpy() == pytest.approx(test.p_value)
    assert set(found["critical_difference"]) == {critical_difference(3, 12)}
    assert set(found["note"]) == {""}


def test_pairs_are_compared_by_mean_ranks():
    ranks = compare_all(correlation())
    found = compare_pairs(ranks)
    assert len(found) == 3
    assert (found["rank_difference"] <= 0).all()
    p_values = nemenyi(ranks["mean_rank"], 12)
    expected = [p_values[0, 1], p_values[0, 2], p_values[1, 2]]
    assert found["p_value"].to_numpy() == pytest.approx(expected)


def test_few_tasks_say_so():
    found = compare_all(correlation(n_tasks=6))
    assert set(found["note"]) == {"little power: only 6 tasks"}


def test_an_undefined_tau_takes_its_metric_out():
    table = correlation(metrics=["a", "b", "c", "d"])
    lost = (table["metric"] == "b") & table["task"].isin(["task 3", "task 5"])
    table["weighted_tau"] = table["weighted_tau"].mask(lost)
    found = compare_all(table).set_index("metric")
    assert found.loc["b", "note"] == "out: no tau on task 3, task 5"
    assert np.isnan(found.loc["b", "mean_rank"])
    rest = compare_all(table[table["metric"] != "b"]).set_index("metric")
    pd.testing.assert_frame_equal(found.drop(index="b"), rest)
    assert set(found["n_metrics"]) == {3}
    assert "b" not in set(compare_pairs(found.reset_index())["metric"])


@pytest.mark.parametrize(("n_tasks", "metrics"), [(1, list("abc")), (9, ["a", "b"])])
def test_too_little_for_a_test(n_tasks, metrics):
    found = compare_all(correlation(n_tasks, metrics))
    assert set(found["metric"]) == set(metrics)
    assert found["mean_rank"].isna().all()
    assert set(found["note"]) == {"no test: it needs two tasks and three metrics"}
    pairs = compare_pairs(found)
    assert pairs.empty
    assert list(pairs.columns)[:3] == ["experiment", "metric", "other"]


def test_the_order_of_rows_does_not_matter():
    table = correlation()
    found = compare_all(table.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(found, compare_all(table))

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from peftdiff.evaluation.first_choice import best_on_average, choices, regrets
from peftdiff.evaluation.summary import summarize
from tests.helpers import tables


@pytest.fixture(scope="module")
def both():
    return tables.scores(), tables.truth()


def test_a_choice_is_that_of_mean_scores(both):
    scores, truth = both
    means = truth[truth["in_pool"]].pivot_table("accuracy", "task", "method")
    predicted = scores.pivot_table("score", "task", "method")
    found = {choice.task: choice for choice in choices(scores, truth, "logme")}
    assert set(found) == set(tables.TASKS)
    for task, choice in found.items():
        order = means.loc[task].sort_values(ascending=False)
        assert choice.best == [order.index[0]]
        assert choice.runner_up == order.index[1]
        assert choice.first == [predicted.loc[task].idxmax()]
        assert choice.lost == pytest.approx(order.iloc[0] - order[choice.first[0]])
        assert order.index[choice.place - 1] == choice.first[0]
        assert choice.of == len(tables.METHODS)


def test_a_lead_is_that_of_the_paired_test(both):
    scores, truth = both
    for choice in choices(scores, truth, "logme"):
        rows = truth[truth["task"] == choice.task]
        own = {m: t["accuracy"].to_numpy() for m, t in rows.groupby("method")}
        test = ttest_rel(own[choice.best[0]], own[choice.runner_up])
        low = test.confidence_interval(0.95).low
        assert choice.lead.low == pytest.approx(low)
        assert choice.lead.n_seeds == 3


def test_two_seeds_are_too_few_for_a_lead(both):
    scores, truth = both
    (choice, *_) = choices(scores, truth[truth["seed"] < 2], "logme")
    assert choice.lead.n_seeds == 2
    assert np.isnan(choice.lead.low)
    assert choice.lead.mean > 0


def test_what_is_missing_takes_no_choice(both):
    scores, truth = both
    lost = (scores["task"] == "land") & (scores["method"] == "vpt")
    gap = scores.assign(score=scores["score"].mask(lost))
    found = {c.task: c for c in choices(gap, truth[truth["task"] != "digits"], "logme")}
    assert found["land"].first == []
    assert np.isnan(found["land"].lost)
    assert found["land"].best
    assert found["digits"].best == []
    assert found["digits"].first
    assert found["digits"].of == 0
    assert choices(scores, truth, "unknown")[0].first == []


def test_equal_scores_are_shared(both):
    scores, truth = both
    found = choices(scores.assign(score=1.0), truth, "logme")[0]
    assert found.first == sorted(tables.METHODS)
    means = truth[truth["in_pool"]].groupby(["task", "method"])["accuracy"].mean()
    expected = means[found.task].max() - means[found.task].mean()
    assert found.lost == pytest.approx(expected)


def test_regrets_average_to_those_of_the_summary(both):
    scores = pd.concat([both[0], tables.scores(metric="knn").assign(score=2.0)])
    found = regrets(scores, both[1])
    expected = summarize(scores, both[1]).set_index("metric")["regret_at_1"]
    for metric in ("logme", "static", "parameter_count", "random"):
        assert found.loc[metric].mean() == pytest.approx(expected[metric])
    # Equal scores are a draw at random, although their tau is undefined.
    assert found.loc["knn"].to_list() == pytest.approx(found.loc["random"].to_list())


def test_the_best_method_for_all_tasks_is_that_of_the_highest_mean(both):
    found = best_on_average(both[1])
    means = both[1][both[1]["in_pool"]].pivot_table("accuracy", "task", "method")
    assert found.method == means.mean().idxmax()
    assert found.accuracy == pytest.approx(means.mean().max())
    lost = means.max(axis=1) - means[found.method]
    assert found.lost == pytest.approx(lost.mean())
    assert (found.wins, found.n_tasks) == ((lost == 0).sum(), len(means))
    assert best_on_average(both[1][both[1]["method"] == "lora"]) is None

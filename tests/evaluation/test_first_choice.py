import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation import first_choice
from peftdiff.evaluation.derived import with_derived
from peftdiff.evaluation.first_choice import choices_of
from peftdiff.evaluation.summary import summarize
from tests.helpers import tables


@pytest.fixture(scope="module")
def both():
    return tables.scores(), tables.truth()


def chosen(scores, truth):
    return with_derived({"scores": scores, "ground_truth": truth})["first_choices"]


def by_task(scores, truth, metric="logme"):
    return {choice.task: choice for choice in choices_of(chosen(scores, truth), metric)}


def test_a_choice_is_that_of_mean_scores(both):
    scores, truth = both
    means = truth[truth["in_pool"]].pivot_table("accuracy", "task", "method")
    predicted = scores.pivot_table("score", "task", "method")
    found = by_task(scores, truth)
    assert set(found) == set(tables.TASKS)
    for task, choice in found.items():
        order = means.loc[task].sort_values(ascending=False)
        assert choice.first == [predicted.loc[task].idxmax()]
        assert choice.regret == pytest.approx(order.iloc[0] - order[choice.first[0]])
        assert order.index[int(choice.place) - 1] == choice.first[0]
        assert choice.n_methods == len(tables.METHODS)


def test_what_is_missing_takes_no_choice(both):
    scores, truth = both
    lost = (scores["task"] == "land") & (scores["method"] == "vpt")
    gap = scores.assign(score=scores["score"].mask(lost))
    unknown = truth["task"] == "digits"
    found = by_task(gap, truth.assign(accuracy=truth["accuracy"].mask(unknown)))
    assert found["land"].first == []
    assert found["land"].outcome == first_choice.UNRANKED
    assert found["digits"].first
    assert found["digits"].outcome == first_choice.UNJUDGED
    assert np.isnan(found["digits"].regret)


def test_equal_scores_are_shared(both):
    scores, truth = both
    found = by_task(scores.assign(score=1.0), truth)["digits"]
    assert sorted(found.first) == sorted(tables.METHODS)
    means = truth[truth["in_pool"]].groupby(["task", "method"])["accuracy"].mean()
    expected = means["digits"].max() - means["digits"].mean()
    assert found.regret == pytest.approx(expected)
    assert found.outcome == first_choice.UNRANKED


def test_regrets_average_to_those_of_the_summary(both):
    scores = pd.concat([both[0], tables.scores(metric="knn").assign(score=2.0)])
    table = chosen(scores, both[1])
    found = table.pivot_table("regret", "metric", "task")
    expected = summarize(scores, both[1]).set_index("metric")["regret_at_1"]
    for metric in ("logme", "static", "parameter_count", "random"):
        assert found.loc[metric].mean() == pytest.approx(expected[metric])
    # Equal scores are a draw at random, although their tau is undefined.
    assert found.loc["knn"].to_list() == pytest.approx(found.loc["random"].to_list())


CLEAR = {"lora": [80.0, 80.1, 79.9], "vpt": [79.8] * 3, "bitfit": [50.0, 50.1, 49.9]}


@pytest.mark.parametrize(
    ("accuracies", "ranking", "outcome"),
    [
        ({"lora": [80.0] * 3, "bitfit": [50.0] * 3}, "lora", first_choice.AGREES),
        ({"lora": [80.0] * 3, "bitfit": [50.0] * 3}, "bitfit", first_choice.LOSES),
        # Two or more that cannot be told apart: neither is the right one.
        (CLEAR, "lora", first_choice.AMONG_BEST),
        (CLEAR, "vpt", first_choice.AMONG_BEST),
        (CLEAR, "bitfit", first_choice.LOSES),
        # A seed or two: the test images tell, but how seeds differ is not known.
        ({"lora": [80.0], "bitfit": [50.0]}, "bitfit", first_choice.TOO_FEW_SEEDS),
        ({"lora": [80.0], "bitfit": [50.0]}, "lora", first_choice.TOO_FEW_SEEDS),
        # At chance, or all alike: nothing to be right about.
        ({"lora": [24.0] * 3, "vpt": [23.0] * 3}, "lora", first_choice.UNDECIDED),
        ({"lora": [100.0] * 3, "vpt": [100.0] * 3}, "lora", first_choice.UNDECIDED),
        ({"lora": [80.0] * 3, "vpt": [79.9] * 3}, "vpt", first_choice.UNDECIDED),
        ({"lora": [80.0] * 3}, "lora", first_choice.UNDECIDED),
    ],
)
def test_how_a_first_choice_turns_out(accuracies, ranking, outcome):
    truth = tables.counted({"pets": accuracies})
    score = (truth["method"] == ranking).astype(float)
    scores = truth.assign(metric="peftdiff", score=score)
    (found,) = choices_of(chosen(scores, truth), "peftdiff")
    assert found.outcome == outcome

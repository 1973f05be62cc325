import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peftdiff.statistics import regret, top_hit

rankings = st.integers(1, 5).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 3), min_size=n, max_size=n)] * 2)
)


def by_enumeration(scores, accuracies, size):
    """Take methods in every order that the scores allow; return both expectations."""
    lost, hits = [], []
    for order in itertools.permutations(range(len(scores))):
        ranked = [scores[i] for i in order]
        if ranked == sorted(ranked, reverse=True):
            lost.append(max(accuracies) - accuracies[order[0]])
            taken = [accuracies[i] for i in order[:size]]
            hits.append(max(taken) == max(accuracies))
    return np.mean(lost), np.mean(hits)


@settings(max_examples=100)
@given(rankings, st.integers(1, 4))
def test_both_are_expectations_over_the_order_of_ties(ranking, size):
    scores, accuracies = ranking
    lost, hits = by_enumeration(scores, accuracies, size)
    assert regret(scores, accuracies) == pytest.approx(lost)
    assert top_hit(scores, accuracies, size) == pytest.approx(hits)


def test_by_hand():
    accuracies = [60.0, 75.0, 70.0, 50.0]
    assert regret([1, 9, 2, 3], accuracies) == 0
    assert regret([9, 1, 2, 3], accuracies) == 15
    assert regret([9, 9, 2, 3], accuracies) == 7.5
    assert top_hit([4, 1, 3, 2], accuracies) == 0
    assert top_hit([4, 2, 3, 1], accuracies) == 1
    assert top_hit([4, 1, 3, 1], accuracies) == 0.5


def test_equal_scores_choose_at_random():
    accuracies = np.random.default_rng(0).uniform(size=9)
    chance = np.zeros(9)
    expected = accuracies.max() - accuracies.mean()
    assert regret(chance, accuracies) == pytest.approx(expected)
    assert top_hit(chance, accuracies) == pytest.approx(3 / 9)
    drawn = np.random.default_rng(1).permuted(np.tile(np.arange(9), (4000, 1)), axis=1)
    hits = [top_hit(scores, accuracies) for scores in drawn]
    assert np.mean(hits) == pytest.approx(3 / 9, abs=0.03)


@pytest.mark.parametrize(
    ("scores", "accuracies", "message"),
    [
        ([1, 2], [1, 2, 3], "one shape"),
        ([], [], "one shape"),
        ([1, math.nan], [1, 2], "contain NaN"),
    ],
)
def test_bad_rankings_choose_nothing(scores, accuracies, message):
    for function in (regret, top_hit):
        with pytest.raises(ValueError, match=message):
            function(scores, accuracies)


def test_none_of_the_methods_is_no_choice():
    with pytest.raises(ValueError, match="size must be at least 1"):
        top_hit([1, 2], [1, 2], size=0)

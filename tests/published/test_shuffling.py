import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from peftdiff.published.shuffling import shuffled_taus

# Few values, so that ties are common.
rows = st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.5, math.nan]), min_size=4, max_size=4)


def brute(scored, true):
    """Return one tau by scipy, on the methods that have both values."""
    both = [(x, y) for x, y in zip(scored, true, strict=True) if x == x and y == y]
    if len({x for x, _ in both}) < 2 or len({y for _, y in both}) < 2:
        return math.nan
    return stats.weightedtau(*zip(*both, strict=True)).statistic


@settings(max_examples=50)
@given(rows, rows)
def test_each_shuffle_has_scipys_tau(scored, true):
    found = shuffled_taus(np.array([scored]), np.array([true]))
    expected = [brute(order, true) for order in itertools.permutations(scored)]
    np.testing.assert_allclose(found, [expected], atol=1e-12)


def test_all_tasks_are_shuffled_alike():
    scores = np.random.default_rng(0).normal(size=(1, 9))
    taus = shuffled_taus(np.vstack([scores] * 3), np.vstack([scores] * 3), draws=50)
    assert taus.shape == (3, 50)
    assert np.array_equal(taus[0], taus[1])
    assert np.array_equal(taus[0], taus[2])
    assert taus[0].std() > 0.1


def test_one_task_spreads_as_the_known_null():
    ranks = np.arange(9.0)[None]
    taus = shuffled_taus(ranks, ranks)
    assert taus.std() == pytest.approx(0.306, abs=0.015)
    assert taus.mean() == pytest.approx(0, abs=0.02)


def test_draws_repeat_with_their_seed():
    ranks = np.arange(9.0)[None]
    first, again = (shuffled_taus(ranks, ranks, draws=20) for _ in range(2))
    assert np.array_equal(first, again)
    other = shuffled_taus(ranks, ranks, draws=20, seed=1)
    assert not np.array_equal(first, other)

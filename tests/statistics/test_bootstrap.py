import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peftdiff.statistics import interval, mean_interval, resamples


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_things_are_drawn_in_every_way(n):
    counts, times = resamples(n)
    expected = Counter(
        tuple(sample.count(thing) for thing in range(n))
        for sample in itertools.product(range(n), repeat=n)
    )
    found = dict(zip(map(tuple, counts.tolist()), times.tolist(), strict=True))
    assert found == expected


def test_many_things_are_drawn_at_random():
    counts, times = resamples(8, draws=500)
    assert times.sum() == 500
    assert (counts.sum(axis=1) == 8).all()
    again = resamples(8, draws=500)
    np.testing.assert_array_equal(counts, again[0])
    assert not np.array_equal(counts[:100], resamples(8, draws=500, seed=1)[0][:100])
    assert np.average(counts, axis=0, weights=times) == pytest.approx(1, abs=0.2)


def test_an_interval_counts_values_as_often_as_they_were_drawn():
    found = interval([0.0, 1.0, 2.0], [5, 90, 5])
    expected = np.quantile([0] * 5 + [1] * 90 + [2] * 5, [0.025, 0.975])
    assert found == pytest.approx(tuple(expected))
    assert interval([3.0, math.nan, 3.0]) == (3, 3)
    assert all(map(math.isnan, interval([math.nan])))
    low, high = interval(np.arange(101.0), level=0.5)
    assert (low, high) == pytest.approx((25, 75))


def test_the_interval_of_a_mean_by_hand():
    values = [0.0, 0.3, 0.9]
    means = [np.mean(sample) for sample in itertools.product(values, repeat=3)]
    expected = np.quantile(means, [0.025, 0.975])
    assert mean_interval(values) == pytest.approx(tuple(expected))


@settings(max_examples=25)
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=8), st.randoms())
def test_the_interval_of_a_mean_ignores_the_order_and_stays_inside(values, random):
    low, high = mean_interval(values, draws=200)
    assert mean_interval(random.sample(values, len(values)), draws=200) == (low, high)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_the_interval_of_a_mean_is_nearly_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(size=200)
    half = 1.96 * values.std() / math.sqrt(len(values))
    expected = (values.mean() - half, values.mean() + half)
    assert mean_interval(values) == pytest.approx(expected, abs=0.02)


def test_two_values_are_too_few():
    assert all(map(math.isnan, mean_interval([0.1, 0.9])))
    assert all(map(math.isnan, mean_interval([])))


@pytest.mark.parametrize(("n", "draws"), [(0, 10), (3, 0)])
def test_nothing_to_draw(n, draws):
    with pytest.raises(ValueError, match="must be at least 1"):
        resamples(n, draws)

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peftdiff.statistics import (
    Null,
    null_distribution,
    null_of_mean,
    p_value,
    permutation_null,
    shared_null,
    shared_taus,
    smallest_p_value,
    weighted_tau,
    weighted_taus,
)

TIED = [
    ([1, 2, 2, 3], [4, 1, 3, 2]),
    ([1, 1, 2, 2], [3, 3, 3, 4]),
    ([5, 1, 5, 2, 5], [1, 2, 3, 4, 5]),
]


def all_taus(scores, accuracies):
    orders = itertools.permutations(scores)
    return [weighted_tau(order, accuracies) for order in orders]


@pytest.mark.parametrize(("scores", "accuracies"), TIED)
def test_a_small_null_is_every_order_ties_and_all(scores, accuracies):
    null = permutation_null(scores, accuracies)
    assert null.exact
    expected = sorted(all_taus(scores, accuracies))
    np.testing.assert_allclose(null.taus, expected, atol=1e-12)


@pytest.mark.parametrize(("scores", "accuracies"), TIED)
def test_an_exact_p_value_counts_the_orders(scores, accuracies):
    tau, taus = weighted_tau(scores, accuracies), all_taus(scores, accuracies)
    beyond = sum(abs(other) >= abs(tau) - 1e-9 for other in taus)
    null = permutation_null(scores, accuracies)
    assert p_value(tau, null) == pytest.approx(beyond / len(taus))


def test_without_ties_it_is_the_null_distribution():
    null = permutation_null([3, 1, 2, 9, 5, 8, 7, 0], [1, 2, 3, 4, 5, 6, 7, 8])
    np.testing.assert_array_equal(null.taus, null_distribution(8))
    assert not null.exact


def test_a_drawn_null_with_ties_is_near_the_exact_one():
    scores, accuracies = [1, 1, 2, 2, 3, 3], [1, 2, 3, 3, 5, 6]
    drawn = permutation_null(scores, accuracies, draws=700)
    exact = permutation_null(scores, accuracies)
    assert (drawn.exact, exact.exact) == (False, True)
    levels = [0.1, 0.5, 0.9]
    near = np.quantile(exact.taus, levels)
    np.testing.assert_allclose(np.quantile(drawn.taus, levels), near, atol=0.1)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 3), min_size=5, max_size=8), st.randoms())
def test_the_order_of_methods_does_not_matter(scores, random):
    scores[:2] = [0, 1]
    accuracies = list(range(len(scores)))
    shuffled = random.sample(scores, len(scores))
    null = permutation_null(scores, accuracies, draws=200)
    other = permutation_null(shuffled, accuracies[::-1], draws=200)
    np.testing.assert_array_equal(null.taus, other.taus)


def test_p_values_at_the_ends():
    perfect = permutation_null(range(4), range(4))
    # Of 24 orders, one agrees completely and one is upside down.
    assert p_value(1.0, perfect) == pytest.approx(2 / 24)
    assert p_value(0.0, perfect) == 1
    drawn = permutation_null(range(12), range(12), draws=99)
    assert p_value(1.0, drawn) == pytest.approx(1 / 100)


def test_p_values_are_two_sided():
    null = Null(np.array([-0.9, -0.2, 0.1, 0.5]), exact=True)
    assert p_value(0.5, null) == p_value(-0.5, null) == 2 / 4


def test_p_values_are_spread_evenly_under_the_null():
    rng = np.random.default_rng(0)
    null = permutation_null(range(9), range(9))
    taus = [weighted_tau(rng.permutation(9), range(9)) for _ in range(1000)]
    share = np.mean([p_value(tau, null) <= 0.1 for tau in taus])
    assert share == pytest.approx(0.1, abs=0.03)


def test_the_null_of_a_mean_is_the_convolution():
    one = permutation_null([1, 2, 3], [1, 2, 3])
    other = permutation_null([1, 1, 2, 3], [1, 2, 3, 4])
    pairs = list(itertools.product(one.taus, other.taus))
    exact = np.sort(np.mean(pairs, axis=1))
    found = null_of_mean([one, other])
    assert len(found.taus) == 10_000
    assert not found.exact
    assert {round(tau, 9) for tau in found.taus} <= {round(tau, 9) for tau in exact}
    assert found.taus.std() == pytest.approx(exact.std(), rel=0.03)
    for level in (-0.5, 0, 0.5):
        share = np.mean(found.taus <= level + 1e-9)
        assert share == pytest.approx(np.mean(exact <= level + 1e-9), abs=0.02)


def test_the_null_of_a_mean_narrows_with_the_tasks():
    one = permutation_null(range(9), range(9))
    many = null_of_mean([one] * 16)
    assert many.taus.std() == pytest.approx(one.taus.std() / 4, rel=0.03)


def test_the_null_of_a_mean_ignores_the_order_of_tasks():
    nulls = [permutation_null(*pair) for pair in TIED]
    forward, backward = null_of_mean(nulls), null_of_mean(nulls[::-1])
    np.testing.assert_array_equal(forward.taus, backward.taus)
    assert null_of_mean(nulls[:1]) is nulls[0]


def test_one_order_for_all_tasks_is_every_order_once():
    scores = np.array([[1, 2, 3, 4], [4, 1, 3, 2], [1, 1, 2, 3]])
    accuracies = np.array([[1, 3, 2, 4], [4, 3, 2, 1], [1, 2, 3, 4]])
    expected = [
        np.mean([weighted_tau(scores[t, list(o)], accuracies[t]) for t in range(3)])
        for o in itertools.permutations(range(4))
    ]
    null = shared_null(scores, accuracies)
    assert null.exact
    np.testing.assert_allclose(null.taus, sorted(expected), atol=1e-12)


def test_every_order_serves_all_tasks_alike():
    scores = np.random.default_rng(0).normal(size=(1, 9))
    same = np.vstack([scores] * 3)
    taus = shared_taus(same, same, draws=50)
    assert taus.shape == (3, 50)
    assert np.array_equal(taus[0], taus[1])
    assert np.array_equal(taus[0], taus[2])
    assert taus[0].std() > 0.1
    assert np.array_equal(taus, shared_taus(same, same, draws=50))
    assert not np.array_equal(taus, shared_taus(same, same, draws=50, seed=1))


@settings(max_examples=25)
@given(*[st.lists(st.sampled_from([1.0, 2, 3, math.nan]), min_size=4, max_size=4)] * 2)
def test_a_gap_moves_with_its_method(scores, accuracies):
    orders = list(itertools.permutations(scores))
    found = shared_taus([scores], [accuracies], leave_out=True)
    expected = weighted_taus(orders, accuracies, leave_out=True)
    np.testing.assert_array_equal(found, [expected])


def test_a_ranking_alike_everywhere_has_one_chance_only():
    same = np.tile(np.arange(9), (8, 1))
    one, mean = permutation_null(same[0], same[0]), shared_null(same, same)
    assert mean.taus.std() == pytest.approx(one.taus.std(), rel=0.03)
    apart = null_of_mean([one] * 8)
    assert p_value(0.4, mean) > 10 * p_value(0.4, apart)


@pytest.mark.parametrize(
    ("scores", "accuracies", "message"),
    [
        ([1, 1, 1], [1, 2, 3], "they rank nothing"),
        ([1], [1], "at least two methods, got 1"),
        ([1, math.nan], [1, 2], "must be numbers"),
    ],
)
def test_bad_rankings_have_no_null(scores, accuracies, message):
    with pytest.raises(ValueError, match=message):
        permutation_null(scores, accuracies)


def test_a_mean_of_nothing_has_no_null():
    with pytest.raises(ValueError, match="at least one task"):
        null_of_mean([])


@pytest.mark.parametrize(("n", "expected"), [(2, 1.0), (3, 2 / 6), (5, 2 / 120)])
def test_no_p_value_is_below_that_of_the_best_ranking(n, expected):
    # Of all orders, the right one and its reverse are the farthest from zero.
    null = permutation_null(range(n), range(n))
    assert smallest_p_value(null) == pytest.approx(expected)

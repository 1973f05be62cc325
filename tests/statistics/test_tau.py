import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from peftdiff.statistics import null_distribution, weighted_tau, weighted_taus


def by_pairs(x, y):
    """The definition: pairs of methods, weighted by 1 / rank, by x and by y."""

    def one_sided(order_by):
        ranks = stats.rankdata(-np.asarray(order_by), method="ordinal")
        agree = total = 0.0
        for i, j in itertools.combinations(range(len(x)), 2):
            weight = 1 / ranks[i] + 1 / ranks[j]
            agree += weight * np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])
            total += weight
        return agree / total

    return (one_sided(x) + one_sided(y)) / 2


@settings(max_examples=50)
@given(st.integers(2, 9).flatmap(lambda n: st.tuples(*[st.permutations(range(n))] * 2)))
def test_weighted_tau_is_its_definition(rankings):
    scores, accuracies = rankings
    found = weighted_tau(scores, accuracies)
    assert found == pytest.approx(by_pairs(scores, accuracies), abs=1e-12)
    assert weighted_tau(accuracies, scores) == pytest.approx(found, abs=1e-12)


def test_weighted_tau_at_its_ends():
    accuracies = [60.0, 70.0, 65.0, 90.0]
    assert weighted_tau([1, 3, 2, 4], accuracies) == pytest.approx(1)
    assert weighted_tau([4, 2, 3, 1], accuracies) == pytest.approx(-1)


def test_mistakes_at_the_top_cost_more():
    accuracies = np.arange(9.0)
    top, bottom = accuracies.copy(), accuracies.copy()
    top[[7, 8]], bottom[[0, 1]] = top[[8, 7]], bottom[[1, 0]]
    assert weighted_tau(top, accuracies) < weighted_tau(bottom, accuracies) < 1


def test_ties_are_as_scipy_has_them():
    scores, accuracies = [1, 1, 2, 3], [4, 5, 5, 9]
    expected = stats.weightedtau(scores, accuracies).statistic
    assert weighted_tau(scores, accuracies) == pytest.approx(expected)
    assert weighted_tau([1, 2, np.inf], [1, 2, 3]) == pytest.approx(1)


def test_a_constant_ranks_nothing():
    assert math.isnan(weighted_tau([1, 1, 1], [1, 2, 3]))
    assert math.isnan(weighted_tau([1, 2, 3], [5.0, 5.0, 5.0]))


@pytest.mark.parametrize(
    ("scores", "accuracies", "message"),
    [
        ([1, np.nan, 2], [1, 2, 3], "scores contain NaN at position 1"),
        ([1, 2, 3], [1, 2, np.nan], "accuracies contain NaN at position 2"),
        ([1, 2], [1, 2, 3], "2 scores do not match 3 accuracies"),
        ([1], [1], "at least two methods, got 1"),
        ([], [], "at least two methods, got 0"),
        ([[1, 2]], [1, 2], r"scores must have the shape \(methods,\), got \(1, 2\)"),
    ],
)
def test_bad_rankings(scores, accuracies, message):
    with pytest.raises(ValueError, match=message):
        weighted_tau(scores, accuracies)


@pytest.mark.parametrize("n_methods", [2, 3, 5])
def test_small_null_distributions_are_exact(n_methods):
    rankings = itertools.permutations(range(n_methods))
    expected = sorted(weighted_tau(r, range(n_methods)) for r in rankings)
    found = null_distribution(n_methods)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_null_distribution_of_nine_methods():
    taus = null_distribution(9)
    assert taus.shape == (10_000,)
    assert taus.mean() == pytest.approx(0, abs=0.01)
    assert taus.std() == pytest.approx(0.306, abs=0.005)
    assert np.quantile(taus, [0.025, 0.975]) == pytest.approx([-0.56, 0.60], abs=0.02)
    assert np.array_equal(taus, null_distribution(9))
    assert not np.array_equal(taus, null_distribution(9, seed=1))


def test_random_rankings_agree_with_scipy():
    rng = np.random.default_rng(0)
    scipys = [weighted_tau(rng.permutation(8), np.arange(8)) for _ in range(500)]
    ours = null_distribution(8, draws=5000)
    assert stats.ks_2samp(scipys, ours).pvalue > 1e-3


def test_bad_null_distributions():
    with pytest.raises(ValueError, match="at least two methods, got 1"):
        null_distribution(1)
    with pytest.raises(ValueError, match="draws must be at least 1"):
        null_distribution(9, draws=0)


few_values = st.sampled_from([-1.5, 0.0, 0.5, 2.0, np.inf])


@settings(max_examples=100)
@given(
    st.integers(2, 7).flatmap(
        lambda n: st.lists(
            st.tuples(*[st.lists(few_values, min_size=n, max_size=n)] * 2),
            min_size=1,
            max_size=4,
        )
    )
)
def test_many_taus_at_once_are_scipys_ties_and_all(rows):
    found = weighted_taus([row[0] for row in rows], [row[1] for row in rows])
    expected = [weighted_tau(*row) for row in rows]
    np.testing.assert_allclose(found, expected, atol=1e-12, equal_nan=True)


def test_leading_axes_are_broadcast():
    rng = np.random.default_rng(0)
    scores, accuracies = rng.integers(0, 4, (5, 1, 6)), rng.uniform(size=(3, 6))
    found = weighted_taus(scores, accuracies)
    assert found.shape == (5, 3)
    expected = weighted_tau(scores[4, 0], accuracies[2])
    assert found[4, 2] == pytest.approx(expected)


def test_a_row_with_a_gap_has_no_tau():
    found = weighted_taus([[1, np.nan, 2], [1, 2, 3]], [1, 2, 3])
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(1)
    assert np.isnan(weighted_taus([[1, 2, 3]], [1, 2, np.nan])).all()


gaps = st.lists(st.sampled_from([1.0, 2.0, 3.0, math.nan]), min_size=5, max_size=5)


@settings(max_examples=100)
@given(gaps, gaps)
def test_what_is_left_out_might_as_well_not_be_there(scores, accuracies):
    both = [
        pair
        for pair in zip(scores, accuracies, strict=True)
        if not any(map(math.isnan, pair))
    ]
    expected = weighted_tau(*zip(*both, strict=True)) if len(both) > 1 else math.nan
    found = weighted_taus([scores], accuracies, leave_out=True)
    np.testing.assert_allclose(found, [expected], atol=1e-12)
    if len(both) == 5:
        np.testing.assert_array_equal(found, weighted_taus([scores], accuracies))


def test_rows_leave_out_what_they_lack_themselves():
    scores = [[1, 2, 3, 4], [math.nan, 2, 3, 4], [1, math.nan, 9, math.nan]]
    found = weighted_taus(scores, [9, 2, 3, 4], leave_out=True)
    assert found[0] < 1
    assert found[1] == pytest.approx(1)
    assert found[2] == pytest.approx(-1)


@pytest.mark.parametrize(
    ("scores", "accuracies", "message"),
    [
        ([[1, 2, 3]], [1, 2], "3 scores do not match 2 accuracies"),
        ([[1]], [1], "at least two methods, got 1"),
    ],
)
def test_bad_tables_of_rankings(scores, accuracies, message):
    with pytest.raises(ValueError, match=message):
        weighted_taus(scores, accuracies)

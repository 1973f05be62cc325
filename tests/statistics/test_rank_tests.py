import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from peftdiff.statistics import critical_difference, friedman, nemenyi


def test_friedman_by_hand():
    # Ranks: 1 2 3, 1 3 2, 2 1 3, 1 2 3; their sums are 5, 8 and 11, hence
    # 12 / (4 * 3 * 4) * (25 + 64 + 121) - 3 * 4 * 4 = 4.5.
    found = friedman([[9, 8, 7], [9, 7, 8], [8, 9, 7], [9, 8, 7]])
    assert found.mean_ranks == pytest.approx([5 / 4, 8 / 4, 11 / 4])
    assert found.statistic == pytest.approx(4.5)
    assert found.p_value == pytest.approx(math.exp(-4.5 / 2))


@settings(max_examples=50)
@given(st.integers(2, 6), st.integers(3, 6), st.integers(0, 1000))
def test_friedman_is_its_formula_with_ties_corrected(blocks, treatments, seed):
    values = np.random.default_rng(seed).integers(0, 4, (blocks, treatments))
    found = friedman(values)
    ranks = np.array([stats.rankdata(-row) for row in values])
    assert found.mean_ranks == pytest.approx(ranks.mean(axis=0))
    # Ranks against what they would be if all were alike, over their real variance.
    spread = blocks * np.sum((ranks.mean(axis=0) - (treatments + 1) / 2) ** 2)
    variance = ranks.var(axis=1, ddof=1).mean()
    if variance == 0:
        assert math.isnan(found.statistic)
    else:
        assert found.statistic == pytest.approx(spread / variance)
        expected = stats.chi2.sf(found.statistic, treatments - 1)
        assert found.p_value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("treatments", "quantile"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)],
)
def test_critical_differences_are_those_of_the_printed_table(treatments, quantile):
    blocks = 14
    expected = quantile * math.sqrt(treatments * (treatments + 1) / (6 * blocks))
    found = critical_difference(treatments, blocks)
    assert found == pytest.approx(expected, rel=4e-4)


def test_nemenyi_reaches_five_percent_at_the_critical_difference():
    difference = critical_difference(3, 20)
    ranks = [1.0, 1.0 + difference, 2.0]
    found = nemenyi(ranks, 20)
    assert found[0, 1] == pytest.approx(0.05, abs=1e-6)
    assert found[0, 2] < 0.05 < found[1, 2]  # 2 - 1 is more than it, the rest less
    assert np.array_equal(found, found.T)
    assert np.array_equal(np.diag(found), np.ones(3))


def test_nemenyi_of_two_is_the_normal_test():
    blocks, ranks = 25, np.array([1.3, 1.7])
    z = (ranks[1] - ranks[0]) / math.sqrt(2 * 3 / (6 * blocks))
    expected = 2 * stats.norm.sf(z)
    assert nemenyi(ranks, blocks)[0, 1] == pytest.approx(expected, abs=1e-9)


def test_all_tied_is_no_test():
    found = friedman([[1, 1, 1], [2, 2, 2]])
    assert found.mean_ranks == pytest.approx(2)
    assert math.isnan(found.p_value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2, 3]], "at least two blocks"),
        ([[1, 2], [2, 1]], "three treatments"),
        ([1, 2, 3], "must have the shape"),
        ([[1, 2, 3], [1, math.nan, 2]], "contain NaN"),
    ],
)
def test_bad_designs(values, message):
    with pytest.raises(ValueError, match=message):
        friedman(values)

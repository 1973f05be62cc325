"""What a test set can tell, against other ways to compute it."""

import math

import numpy as np
import pytest
from scipy.stats import barnard_exact, binomtest, ttest_1samp

from peftdiff.statistics import (
    mean_shares_p_value,
    share_p_value,
    student_p_value,
    two_shares_p_value,
)


@pytest.mark.parametrize(
    ("percent", "count", "floor"),
    [(99.0, 200, 98.0), (23.0, 200, 25.0), (100.0, 3, 50.0), (0.0, 2000, 0.1)],
)
def test_a_share_is_judged_by_the_exact_binomial_test(percent, count, floor):
    right = round(percent * count / 100)
    expected = binomtest(right, count, floor / 100, alternative="greater").pvalue
    assert share_p_value(percent, count, floor) == pytest.approx(expected)


def test_no_error_in_three_images_says_little():
    assert share_p_value(100.0, 3, 50.0) == pytest.approx(1 / 8)


def test_two_shares_are_judged_more_carefully_than_by_barnards_test():
    table = [[90, 80], [10, 20]]  # Barnard's columns are the two samples
    other = barnard_exact(table, alternative="two-sided").pvalue / 2
    found = two_shares_p_value(90.0, 80.0, 100)
    assert other < found < 2 * other
    assert two_shares_p_value(100.0, 100.0, 300) == 1
    assert two_shares_p_value(100.0, 100 / 3, 3) == pytest.approx(0.2)


def test_a_mean_of_shares_varies_less_than_one():
    one = mean_shares_p_value([80.0], [78.0], [1000])
    four = mean_shares_p_value([80.0] * 4, [78.0] * 4, [1000] * 4)
    assert four < one < 0.5
    pooled = math.sqrt(2 * 0.79 * 0.21 / 1000)
    assert one == pytest.approx(0.5 * math.erfc(0.02 / pooled / math.sqrt(2)))
    assert mean_shares_p_value([50.0], [50.0], [10]) == 1
    assert mean_shares_p_value([100.0], [100.0], [10]) == 1


def test_students_p_value_is_scipys():
    values = np.array([0.3, -0.1, 0.8, 0.5])
    expected = ttest_1samp(values, 0, alternative="greater").pvalue
    assert student_p_value(values) == pytest.approx(expected)
    assert student_p_value([1.0, 1.0, 1.0]) == 0
    assert student_p_value([0.0, 0.0, 0.0]) == 1
    assert math.isnan(student_p_value([1.0, 2.0]))  # too few


@pytest.mark.parametrize("percent", [-1.0, 101.0, math.nan])
def test_what_is_no_share_is_refused(percent):
    with pytest.raises(ValueError, match="no number of right answers"):
        share_p_value(percent, 10, 50.0)

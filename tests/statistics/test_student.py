import numpy as np
import pytest
from scipy.stats import ttest_1samp

from peftdiff.statistics import student_interval


@pytest.mark.parametrize("level", [0.5, 0.95])
@pytest.mark.parametrize("n", [3, 5, 20])
def test_the_interval_is_that_of_the_test(n, level):
    values = np.random.default_rng(n).normal(1, 2, n)
    expected = ttest_1samp(values, 0).confidence_interval(level)
    assert student_interval(values, level) == pytest.approx(tuple(expected))


def test_equal_values_have_an_interval_without_width():
    assert student_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)


def test_two_values_are_too_few():
    assert np.isnan(student_interval([1.0, 2.0])).all()

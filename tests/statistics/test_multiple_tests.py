import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.statistics import holm

P_VALUES = st.lists(
    st.integers(0, 1000).map(lambda n: n / 1000), min_size=1, max_size=8
)


def rejected(p_values, level):
    """Holm's procedure as he states it: step down until a p-value is too large."""
    order, found = np.argsort(p_values, kind="stable"), set()
    for step, place in enumerate(order):
        if p_values[place] * (len(p_values) - step) > level:
            break
        found.add(int(place))
    return found


@given(P_VALUES)
def test_corrected_p_values_reject_as_the_procedure_does(p_values):
    corrected = holm(p_values)
    assert ((corrected >= 0) & (corrected <= 1)).all()
    assert (corrected >= np.array(p_values) - 1e-12).all()
    for level in (0.01, 0.0501, 0.2001, 0.5001):
        assert set(np.flatnonzero(corrected <= level)) == rejected(p_values, level)


def test_by_hand():
    # Three tests: 3 x 0.01; 2 x 0.02, raised by none; 0.03 raised to the one before.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.7]) == pytest.approx([0.7])


def test_what_was_not_tested_does_not_count():
    assert holm([np.nan, 0.01, np.nan, 0.04])[[1, 3]] == pytest.approx([0.02, 0.04])
    assert np.isnan(holm([np.nan, 0.01])[0])
    assert len(holm([])) == 0


@pytest.mark.parametrize("wrong", [[1.1], [-0.1], [[0.1]]])
def test_what_is_no_p_value_is_refused(wrong):
    with pytest.raises(ValueError, match="p-values"):
        holm(wrong)

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.evaluation import verdict as chance

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
    corrected = chance.holm(pd.Series(p_values))
    assert corrected.between(0, 1).all()
    assert (corrected >= pd.Series(p_values) - 1e-12).all()
    for level in (0.01, 0.0501, 0.2001, 0.5001):
        expected = rejected(p_values, level)
        assert set(corrected.index[corrected <= level]) == expected


def summary(**p_values):
    rows = [
        {
            "metric": metric,
            "mean_weighted_tau": mean,
            "p_value": p / 2,
            "p_value_shared_permutation": p,
        }
        for metric, (mean, p) in p_values.items()
    ]
    return pd.DataFrame(rows)


def test_a_verdict_for_each_case():
    found = chance.verdicts(
        summary(
            peftdiff=(0.1, 0.4),
            logme=(0.5, 0.001),
            nleep=(0.3, 0.04),
            sfda=(-0.4, 0.002),
            ncti=(np.nan, np.nan),
            static=(0.2, 0.03),
            random=(0.0, np.nan),
        )
    )
    assert "random" not in found.index
    assert found["verdict"].to_dict() == {
        "peftdiff": chance.NOT_SIGNIFICANT,
        "logme": chance.BEYOND,
        "nleep": chance.UNCORRECTED_ONLY,  # 0.04, with two of the four still to come
        "sfda": chance.WORSE,
        "ncti": chance.UNKNOWN,
        "static": chance.BEYOND,  # a baseline is no candidate
    }
    assert set(found["n_tries"]) == {4}  # an undefined one was not tried


def test_the_larger_p_value_counts():
    table = summary(logme=(0.5, 0.01)).assign(p_value=0.3)
    assert chance.verdicts(table).loc["logme", "p"] == 0.3
    assert chance.verdicts(table).loc["logme", "verdict"] == chance.NOT
    assert chance.verdicts(table.assign(p_value=np.nan)).loc["logme", "verdict"] == (
        chance.UNKNOWN
    )


@pytest.mark.parametrize("p", [0.05, 0.0500001])
def test_the_level_itself_is_within(p):
    verdict = chance.verdicts(summary(logme=(0.5, p))).loc["logme", "verdict"]
    assert verdict == (chance.BEYOND if p == 0.05 else chance.NOT)

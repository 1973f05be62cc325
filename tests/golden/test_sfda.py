import pytest

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


@pytest.mark.parametrize("name", ["D", "E0", "E3", "E3b", "E4", "E9", "E10"])
def test_published_sfda(name, load, printed):
    arrays = load(name)
    value = compute("sfda", arrays["X"], arrays["y"])
    assert value == pytest.approx(printed[name]["sfda"], rel=1e-9)


def test_half_of_the_columns_constant(load, printed):
    # The published code does not center: a column of 3.25 without variance adds 1e11,
    # 3.25^2 / (lam tr(S_w) / d), to all logits and so costs their last digits.
    arrays = load("E2")
    value = compute("sfda", arrays["X"], arrays["y"])
    assert value == pytest.approx(printed["E2"]["sfda"], rel=1e-4)
    arrays["X"][:, ::2] = 0
    assert value == pytest.approx(compute("sfda", arrays["X"], arrays["y"]), rel=1e-9)


def test_constant_features_have_no_score(load):
    # The published code fails on them, with "array must not contain infs or NaNs".
    arrays = load("E1")
    with pytest.raises(UndefinedScore, match="no spread"):
        compute("sfda", arrays["X"], arrays["y"])


def test_saturated_as_published(load, printed):
    arrays = load("E8")
    with pytest.warns(SaturatedScore):
        value = compute("sfda", arrays["X"], arrays["y"])
    assert value == pytest.approx(printed["E8"]["sfda"], abs=1e-12)

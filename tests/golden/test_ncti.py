import pytest

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def published(printed, name):
    parts = printed[name]["ncti"]
    return {"seli": parts["seli"], "ncc": parts["ncc"], "vc": parts["logvc"]}


# scikit-learn's default takes all components of sets this small, not random ones.
@pytest.mark.parametrize("name", ["D", "E0", "E3", "E3b", "E4", "E9", "E10"])
def test_published_ncti(name, load, printed):
    arrays = load(name)
    parts = compute("ncti", arrays["X"], arrays["y"])
    assert parts == pytest.approx(published(printed, name), rel=1e-6)


def test_half_of_the_columns_constant(load, printed):
    # Of a rank of 48, the published code takes 64 components: 16 are rounding, which
    # its discriminant scales up to features like the others.
    arrays = load("E2")
    parts = compute("ncti", arrays["X"], arrays["y"])
    assert parts == pytest.approx(published(printed, "E2"), rel=0.03)
    varying = compute("ncti", arrays["X"][:, 1::2], arrays["y"])
    assert parts == pytest.approx(varying, rel=1e-9)


def test_saturated_as_published(load, printed):
    arrays = load("E8")
    with pytest.warns(SaturatedScore):
        parts = compute("ncti", arrays["X"], arrays["y"])
    assert parts == pytest.approx(published(printed, "E8"), rel=1e-6)


def test_constant_features_have_no_score(load):
    # The published code fails on them, in a Cholesky factorization.
    arrays = load("E1")
    with pytest.raises(UndefinedScore, match="no spread"):
        compute("ncti", arrays["X"], arrays["y"])

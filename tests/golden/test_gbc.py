import pytest

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore

SETS = ["D", "E0", "E2", "E3", "E4", "E8", "E9"]


@pytest.mark.parametrize("covariance", ["diagonal", "spherical"])
@pytest.mark.parametrize("name", SETS)
def test_published_gbc(name, covariance, load, printed):
    arrays = load(name)
    value = compute("gbc", arrays["X"], arrays["y"], covariance=covariance, compat=True)
    assert value == pytest.approx(printed[name][f"gbc_{covariance}"], rel=1e-6)


def test_a_class_of_one_sample_is_no_class_at_the_origin(load, printed):
    arrays = load("E4")
    value = compute("gbc", arrays["X"], arrays["y"])
    assert value != pytest.approx(printed["E4"]["gbc_diagonal"], rel=1e-3)


@pytest.mark.parametrize("covariance", ["diagonal", "spherical"])
@pytest.mark.parametrize("name", ["E1", "E10"])
def test_variances_below_the_floor_are_told(name, covariance, load, printed):
    arrays = load(name)
    with pytest.warns(SaturatedScore):
        value = compute(
            "gbc", arrays["X"], arrays["y"], covariance=covariance, compat=True
        )
    assert value == pytest.approx(printed[name][f"gbc_{covariance}"], rel=1e-6)

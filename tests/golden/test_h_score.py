import pytest

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore

SETS = ["D", "E0", "E2", "E4", "E9", "E10"]


@pytest.mark.parametrize("name", SETS)
def test_published_h_score(name, load, printed):
    arrays = load(name)
    value = compute("h_score", arrays["X"], arrays["y"])
    assert value == pytest.approx(printed[name]["h_score"], rel=1e-9)


def unbiased_over_biased(arrays):
    # The published regularized form divides the covariance of E[f|y] by n - 1, but that
    # of the features by n.
    n = len(arrays["y"])
    return n / (n - 1)


@pytest.mark.parametrize("name", SETS)
def test_published_regularized_h_score(name, load, printed):
    arrays = load(name)
    value = compute("h_score", arrays["X"], arrays["y"], regularized=True)
    published = value * unbiased_over_biased(arrays)
    assert published == pytest.approx(printed[name]["regularized_h_score"], rel=1e-9)


def test_fewer_samples_than_dimensions(load, printed):
    arrays = load("E8")
    with pytest.warns(SaturatedScore):
        value = compute("h_score", arrays["X"], arrays["y"])
    assert value == pytest.approx(3, rel=1e-9)
    value = compute("h_score", arrays["X"], arrays["y"], regularized=True)
    published = value * unbiased_over_biased(arrays)
    assert published == pytest.approx(printed["E8"]["regularized_h_score"], rel=1e-9)

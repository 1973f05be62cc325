import pytest

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore

# Printed by the public code (tllib.ranking): plain, regularized.
PRINTED = {
    "D": (0.8260292029602918, 0.6315142400666516),
    "E0": (2.636802036854764, 1.9879491970131844),
    "E2": (1.873907723731215, 1.576398804722153),
    "E4": (1.6011318930121976, 1.1249152612431743),
    "E9": (2.6368020368547582, 1.987949197013187),
    "E10": (2.6368020368547507, 1.9879491970131844),
}


@pytest.mark.parametrize("name", PRINTED)
def test_published_h_score(name, load):
    arrays = load(name)
    value = compute("h_score", arrays["X"], arrays["y"])
    assert value == pytest.approx(PRINTED[name][0], rel=1e-9)


def unbiased_over_biased(arrays):
    # The published regularized form divides the covariance of E[f|y] by n - 1, but that
    # of the features by n.
    n = len(arrays["y"])
    return n / (n - 1)


@pytest.mark.parametrize("name", PRINTED)
def test_published_regularized_h_score(name, load):
    arrays = load(name)
    value = compute("h_score", arrays["X"], arrays["y"], regularized=True)
    published = value * unbiased_over_biased(arrays)
    assert published == pytest.approx(PRINTED[name][1], rel=1e-9)


def test_fewer_samples_than_dimensions(load):
    arrays = load("E8")
    with pytest.warns(SaturatedScore):
        value = compute("h_score", arrays["X"], arrays["y"])
    assert value == pytest.approx(3, rel=1e-9)
    value = compute("h_score", arrays["X"], arrays["y"], regularized=True)
    published = value * unbiased_over_biased(arrays)
    assert published == pytest.approx(1.3607957217334785, rel=1e-9)

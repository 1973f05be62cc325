import numpy as np
import pytest

from peftdiff.metrics import compute

SETS = ["D", "E0", "E2", "E4", "E8", "E9", "E10"]


@pytest.mark.parametrize("name", SETS)
def test_published_transrate(name, load, printed):
    arrays = load(name)
    value = compute("transrate", arrays["X"], arrays["y"], weighting="uniform")
    assert value == pytest.approx(printed[name]["transrate"], rel=1e-9)


def test_weights_of_the_classes_matter_where_sizes_differ(load, printed):
    arrays = load("E4")
    assert np.bincount(arrays["y"]).min() == 1
    value = compute("transrate", arrays["X"], arrays["y"])
    assert value < 0.5 * printed["E4"]["transrate"]


def test_normalized_transrate_does_not_feel_the_scale(load):
    values = [
        compute("transrate", load(name)["X"], load(name)["y"], normalize=True)
        for name in ("E0", "E9", "E10")
    ]
    assert values == pytest.approx([values[0]] * 3, rel=1e-9)

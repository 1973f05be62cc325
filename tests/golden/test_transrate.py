import numpy as np
import pytest

from peftdiff.metrics import compute

# Printed by the public code (tllib.ranking).
PRINTED = {
    "D": 16.251565993203542,
    "E0": 69.20116894439934,
    "E2": 24.48688677904326,
    "E4": 142.48187084737657,
    "E8": 235.9891154779996,
    "E9": 69.40525785983323,
    "E10": 0.1946327805505128,
}


@pytest.mark.parametrize("name", PRINTED)
def test_published_transrate(name, load):
    arrays = load(name)
    value = compute("transrate", arrays["X"], arrays["y"], weighting="uniform")
    assert value == pytest.approx(PRINTED[name], rel=1e-9)


def test_weights_of_the_classes_matter_where_sizes_differ(load):
    arrays = load("E4")
    assert np.bincount(arrays["y"]).min() == 1
    value = compute("transrate", arrays["X"], arrays["y"])
    assert value < 0.5 * PRINTED["E4"]


def test_normalized_transrate_does_not_feel_the_scale(load):
    values = [
        compute("transrate", load(name)["X"], load(name)["y"], normalize=True)
        for name in ("E0", "E9", "E10")
    ]
    assert values == pytest.approx([values[0]] * 3, rel=1e-9)

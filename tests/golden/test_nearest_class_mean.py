import pytest

from peftdiff.metrics import compute

# Printed by the public code (PEFT_SELECTION, see README.md) under the name "lda".
PRINTED = {
    "D": 0.733948810802598,
    "E0": 0.8544451649834738,
    "E2": 0.70466580511847,
    "E3": 0.8447824638179456,
    "E4": 0.7563057256902972,
    "E8": 0.7833249815500977,
    "E9": 0.86,
    "E10": 0.2500036281659125,
}


@pytest.mark.parametrize("name", PRINTED)
def test_published_lda(name, load):
    arrays = load(name)
    value = compute("nearest_class_mean", arrays["X"], arrays["y"])
    assert value == pytest.approx(PRINTED[name], rel=1e-6)

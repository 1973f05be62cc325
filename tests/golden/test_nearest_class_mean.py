import pytest

from peftdiff.metrics import compute

SETS = ["D", "E0", "E2", "E3", "E4", "E8", "E9", "E10"]


@pytest.mark.parametrize("name", SETS)
def test_published_lda(name, load, printed):
    arrays = load(name)
    value = compute("nearest_class_mean", arrays["X"], arrays["y"])
    assert value == pytest.approx(printed[name]["lda"], rel=1e-6)

import pytest

from peftdiff.metrics import compute

# E1 is constant, and says so.
pytestmark = pytest.mark.filterwarnings(
    "ignore:logme depends on the sizes:peftdiff.metrics.validity.SaturatedScore"
)

SETS = ["D", "E0", "E1", "E2", "E3", "E4", "E8", "E9", "E10"]


@pytest.mark.parametrize("name", SETS)
def test_published_logme(name, load, printed):
    arrays = load(name)
    value = compute("logme", arrays["X"], arrays["y"], compat=True)
    assert value == pytest.approx(printed[name]["logme_fixed_point"], rel=1e-9)


@pytest.mark.parametrize("name", ["D", "E0", "E1", "E2", "E3", "E10"])
def test_exact_logme_is_where_the_published_iteration_was_heading(name, load, printed):
    # With n > d and features of moderate size, 11 steps come close to the maximum.
    arrays = load(name)
    value = compute("logme", arrays["X"], arrays["y"])
    published = printed[name]["logme_fixed_point"]
    assert value >= published - 1e-12
    assert value == pytest.approx(published, abs=2e-7)


def test_exact_logme_does_not_feel_the_scale(load):
    values = [compute("logme", load(name)["X"], load(name)["y"]) for name in SETS[-2:]]
    base = load("E0")
    expected = compute("logme", base["X"], base["y"])
    assert values == pytest.approx([expected, expected], rel=1e-10)


def test_published_logme_is_wrong_for_fewer_samples_than_dimensions(load, printed):
    arrays = load("E8")
    exact = compute("logme", arrays["X"], arrays["y"])
    assert exact == pytest.approx(-0.5697, abs=1e-3)
    assert printed["E8"]["logme_fixed_point"] - exact > 1

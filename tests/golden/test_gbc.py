import pytest

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore

# Printed by the public code (PEFT_SELECTION, see README.md), which works in float32.
PRINTED = {
    "D": {"diagonal": -0.38727763295173645, "spherical": -1.2923327684402466},
    "E0": {"diagonal": -1.105330228805542, "spherical": -5.304080009460449},
    "E2": {"diagonal": -3.122814655303955, "spherical": -5.730257034301758},
    "E3": {"diagonal": -0.7686735391616821, "spherical": -5.209636688232422},
    "E4": {"diagonal": -1.6858711242675781, "spherical": -4.236405372619629},
    "E8": {"diagonal": -0.15676960349082947, "spherical": -3.215259075164795},
    "E9": {"diagonal": -1.105330228805542, "spherical": -5.304080009460449},
}


@pytest.mark.parametrize("covariance", ["diagonal", "spherical"])
@pytest.mark.parametrize("name", PRINTED)
def test_published_gbc(name, covariance, load):
    arrays = load(name)
    value = compute("gbc", arrays["X"], arrays["y"], covariance=covariance, compat=True)
    assert value == pytest.approx(PRINTED[name][covariance], rel=1e-6)


def test_a_class_of_one_sample_is_no_class_at_the_origin(load):
    arrays = load("E4")
    value = compute("gbc", arrays["X"], arrays["y"])
    assert value != pytest.approx(PRINTED["E4"]["diagonal"], rel=1e-3)


@pytest.mark.parametrize("covariance", ["diagonal", "spherical"])
@pytest.mark.parametrize(
    ("name", "printed"), [("E1", -12.0), ("E10", -11.43431568145752)]
)
def test_variances_below_the_floor_are_told(name, printed, covariance, load):
    arrays = load(name)
    with pytest.warns(SaturatedScore):
        value = compute(
            "gbc", arrays["X"], arrays["y"], covariance=covariance, compat=True
        )
    assert value == pytest.approx(printed, rel=1e-6)

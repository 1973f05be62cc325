"""Published hyper-parameters by task of VTAB-1k."""

import pytest

from peftdiff.methods import METHODS, hyperparameters
from peftdiff.methods.presets import PRESETS, filled_in, has_presets
from peftdiff.runtime import UserError
from peftdiff.tasks import TASKS, VtabTask

BY_TASK = ("convpass", "convpass_attn", "fact_tt", "fact_tk", "vpt")


def test_every_task_of_vtab_1k_has_values_and_no_other():
    tasks = {slug for slug, task in TASKS.items() if isinstance(task, VtabTask)}
    assert PRESETS.keys() == tasks
    assert {method for method in METHODS if has_presets(method)} == set(BY_TASK)


def test_values_are_hyperparameters_on_the_published_grids():
    for values in PRESETS.values():
        assert values.keys() == set(BY_TASK)
        for method, chosen in values.items():
            assert chosen.keys() <= hyperparameters(method).keys()
            assert chosen.get("scale", 1) in (0.01, 0.1, 1, 10, 100)
            assert chosen.get("prompts", 1) in (1, 5, 10, 50, 100, 200)
            assert chosen.get("conv_init", "xavier") in ("xavier", "identity")
        assert values["fact_tt"]["rank"] in (4, 8, 16)
        assert values["fact_tk"]["rank"] in (16, 32)


def test_a_name_stands_for_its_values():
    given = {"convpass": {"hidden": 8, "preset": "dtd"}, "vpt": {"preset": "kitti"}}
    assert filled_in(given) == {
        "convpass": {"scale": 0.01, "conv_init": "xavier", "hidden": 8},
        "vpt": {"prompts": 100},
    }
    assert filled_in({"fact_tt": {"preset": "resisc45"}}) == {
        "fact_tt": {"rank": 8, "scale": 0.1}
    }
    assert filled_in({"fact_tk": {"preset": "eurosat"}}) == {
        "fact_tk": {"rank": 32, "scale": 100}
    }
    assert filled_in({"convpass_attn": {"preset": "caltech101"}}) == {
        "convpass_attn": {"scale": 100, "conv_init": "xavier"}
    }


def test_what_stands_beside_it_wins_and_null_does_not_stand():
    given = {"preset": "svhn", "rank": 4, "scale": None, "dropout": 0.1}
    assert filled_in({"fact_tk": given}) == {
        "fact_tk": {"rank": 4, "scale": 100, "dropout": 0.1}
    }
    assert filled_in({"lora": {"rank": None}, "adapter": {"hidden": 8}}) == {
        "lora": {},
        "adapter": {"hidden": 8},
    }


def test_it_is_filled_in_once_and_the_given_stays():
    given = {"vpt": {"preset": "cifar"}}
    once = filled_in(given)
    assert filled_in(once) == once
    assert given == {"vpt": {"preset": "cifar"}}


def test_noahs_own_preset_is_its_own():
    assert filled_in({"noah": {"preset": "imagenet"}}) == {
        "noah": {"preset": "imagenet"}
    }


@pytest.mark.parametrize("name", ["cifar100", 5, ["cifar"]])
def test_an_unknown_preset_lists_the_known(name):
    with pytest.raises(UserError, match=r"'hyperparameters.vpt.preset' is .*; allowed"):
        filled_in({"vpt": {"preset": name}})


def test_a_preset_without_effect_is_a_mistake():
    given = {"preset": "cifar", "rank": 8, "scale": 1.0}
    with pytest.raises(UserError, match="changes nothing, since rank and scale are"):
        filled_in({"fact_tt": given})

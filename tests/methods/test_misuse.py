"""What cannot be attached ends in one clear sentence."""

from itertools import pairwise

import pytest
import timm

from peftdiff.methods import (
    METHODS,
    attach,
    hyperparameters,
    load_method_state,
    merge,
    method_state,
)
from tests.helpers.attaching import DRAWN, attached, every_method


def test_an_unknown_method_raises(vit):
    with pytest.raises(ValueError, match=r"unknown method 'lorra'.*adapter, lora"):
        attach(vit(), "lorra")


@every_method
def test_an_unknown_hyperparameter_raises(method, vit):
    names = ", ".join(hyperparameters(method)) or "none"
    with pytest.raises(
        ValueError, match=f"'{method}' has no .* 'rang'; it has: {names}"
    ):
        attach(vit(), method, rang=3)


@pytest.mark.parametrize(("first", "second"), [*pairwise(METHODS)])
def test_a_second_method_raises(first, second, vit):
    model = attached(vit(), first)
    with pytest.raises(ValueError, match=f"'{second}': the model carries '{first}'"):
        attached(model, second)


@pytest.mark.parametrize(
    "use", [method_state, merge, lambda m: load_method_state(m, {})]
)
def test_a_model_without_a_method_raises(use, vit):
    with pytest.raises(ValueError, match="carries no method"):
        use(vit())


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "8", None])
@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("adapter", "hidden"),
        ("lora", "rank"),
        ("vpt", "prompts"),
        ("convpass", "hidden"),
        ("convpass_attn", "hidden"),
        ("fact_tt", "rank"),
        ("fact_tk", "rank"),
    ],
)
def test_a_size_that_is_none_raises(method, name, size, vit):
    with pytest.raises(ValueError, match=f"{name} must be a whole number >= 1"):
        attach(vit(), method, **{name: size})


@pytest.mark.parametrize("method", DRAWN)
def test_another_architecture_raises(method):
    model = timm.create_model("resnet10t", num_classes=3)
    with pytest.raises(ValueError, match="ResNet lacks the standard blocks"):
        attach(model, method)

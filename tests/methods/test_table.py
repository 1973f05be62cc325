"""The METHODS table."""

import inspect
from importlib import import_module

import pytest

from peftdiff.methods import METHODS, Method, hyperparameters, method_table
from tests.helpers.attaching import every_method


def test_the_pool_is_the_nine_methods_of_the_paper():
    pool = {slug for slug, method in METHODS.items() if method.in_pool}
    assert pool == METHODS.keys() - {"linear", "full"}
    assert len(pool) == 9


def test_families_are_those_of_the_poster():
    families = {}
    for method in METHODS.values():
        families.setdefault(method.family, set()).add(method.slug)
    assert families == {
        "addition": {"adapter", "convpass", "convpass_attn", "vpt"},
        "partial": {"bitfit", "lora", "fact_tk", "fact_tt"},
        "unified": {"noah"},
        "reference": {"linear", "full"},
    }


def test_a_slug_given_twice_raises():
    twice = [Method("lora", name, "partial", "") for name in ("LoRA", "LoRA+")]
    with pytest.raises(ValueError, match="'lora' is in the table twice"):
        method_table(*twice)


def test_labels_are_distinct():
    assert len({method.label for method in METHODS.values()}) == len(METHODS)


@every_method
def test_hyperparameters_are_those_of_the_builder(method):
    build = import_module(f"peftdiff.methods.{method}").build
    parameters = dict(inspect.signature(build).parameters)
    assert list(parameters)[:2] == ["model", "generator"]
    del parameters["model"], parameters["generator"]
    assert {k: p.default for k, p in parameters.items()} == hyperparameters(method)


def test_hyperparameters_of_an_unknown_method_raise():
    with pytest.raises(ValueError, match=r"'lorra'.*adapter, lora"):
        hyperparameters("lorra")

"""Of every key: a value of a wrong form or beyond its bounds is refused by its name."""

import copy
from typing import Annotated, Literal, get_args, get_origin

import pytest

from peftdiff.config import check_config
from peftdiff.config.experiment import Configuration
from peftdiff.config.sentences import bare, fields, names_of, tagged
from peftdiff.config.values import Section
from peftdiff.parameters import OneOf
from tests.helpers.configuration import load, mistake

NAN, INFINITE = float("nan"), float("inf")
WRONG = {
    bool: [None, NAN, -1, 1, "", "yes", [], {}],
    int: [None, NAN, INFINITE, -1, 1.5, True, "", "4", [], {}],
    float: [None, NAN, INFINITE, -INFINITE, -1, True, "", "0.1", [], {}],
    str: [None, NAN, -1, 3, True, "", " ", [], {}],
    list: [None, NAN, -1, True, "", "4", [], {}, [None], [NAN], [True], [""], [[]]],
    dict: [None, NAN, -1, True, "", [], {1: "x"}, {"": 1}],
    Section: [None, NAN, -1, True, "", [], {"no such key": 1}],
}
# Where a number below zero means something.
SIGNED = {"scale", "mean"}
MAY_BE_EMPTY = {"references"}


def whole():
    """A right configuration that has every section, optional ones too."""
    config = load()
    hub = load("vtab1k.yaml")["source"]
    config["source"] |= {"hub": hub["hub"], "shots": 16}
    config["source"]["recipe"]["augmentation"] = {}
    config["hyperparameters"] |= {"bitfit": {}, "linear": {}, "full": {}}
    for metric in Configuration.model_fields[
        "metric_parameters"
    ].annotation.model_fields:
        config["metric_parameters"].setdefault(metric, {})
    return config


WHOLE = check_config(whole())


def keys(section=Configuration, path=()):
    """Yield every key, as a path, and what it may be; a section before its keys."""
    for name, kind in fields(section).items():
        yield (*path, name), kind
        inner = bare(tagged(bare(kind)).get("mapping", kind))
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from keys(inner, (*path, name))


def forms(kind):
    """Return the forms of values that a kind has, and whether it may be null."""
    null = type(None) in get_args(kind)
    inner = bare(kind)
    kinds = list(tagged(inner).values()) or [inner]
    found = []
    for each in map(bare, kinds):
        base = get_origin(each) or each
        if base is Literal or base is Annotated:
            base = str if names_of(kind) else int
        found.append(Section if issubclass(base, Section) else base)
    return found, null


def looks_right(value, form):
    """Whether a value, wrong for some kinds, may be right for a form."""
    if form is Section:
        return value == {}
    if form is str:
        return isinstance(value, str) and bool(value.strip())
    if form is list:
        return False
    return type(value) in (int, float) and 0 < value < INFINITE


def wrong_values(path, kind):
    found, null = forms(kind)
    names = any(isinstance(note, OneOf) for note in get_args(kind)) or names_of(kind)
    for form in found:
        for value in WRONG[form]:
            if value is None and null:
                continue
            if value == -1 and path[-1] in SIGNED:
                continue
            if value == [] and path[-1] in MAY_BE_EMPTY:
                continue
            if any(
                other is not form
                and (other is not str or not names)
                and looks_right(value, other)
                for other in found
            ):
                continue
            yield value


EVERY_KEY = dict(keys())


@pytest.mark.parametrize("path", EVERY_KEY, ids=".".join)
def test_a_wrong_value_is_refused_by_the_name_of_its_key(path):
    values = list(wrong_values(path, EVERY_KEY[path]))
    assert len(values) >= 5
    for value in values:
        config = copy.deepcopy(WHOLE)
        section = config
        for name in path[:-1]:
            section = section[name]
        section[path[-1]] = value
        sentence = mistake(config)
        assert sentence.startswith(f"config key '{'.'.join(path)}' "), (value, sentence)
        assert "\n" not in sentence


def test_all_keys_of_the_configuration_are_tried():
    def walk(config, path=()):
        for name, value in config.items():
            yield (*path, name)
            if isinstance(value, dict):
                yield from walk(value, (*path, name))

    free = ("learning_rates", "image_folders")  # whose keys are names
    tried = set(EVERY_KEY)
    assert {p for p in walk(WHOLE) if not set(p[:-1]) & set(free)} <= tried
    assert len(tried) > 180

"""What methods and metrics are said to take is what they take."""

import inspect
import math
import warnings
from importlib import import_module

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from timm.models.vision_transformer import VisionTransformer

from peftdiff.config.parameters import configured, method_keywords, metric_keywords
from peftdiff.config.sentences import names_of
from peftdiff.methods import METHODS, attach
from peftdiff.methods.presets import PRESET
from peftdiff.metrics import METRICS, compute, parameter_names
from peftdiff.metrics.validity import UndefinedScore
from peftdiff.parameters import keywords

VALUES = [
    *(0, 1, 2, 3, -1, 0.5, 1.0, -0.5, 1e-12, 1e-30, 1e30, math.nan, math.inf),
    *(True, None, "", "such", [1, 0, 1, 1], [1, -1, 1, 1], []),
]
METHOD_KEYS = {
    (method, key): word.kind
    for method in METHODS
    for key, word in method_keywords(method).items()
    if not (key == PRESET and method != "noah")  # which stands for other keys
}
METRIC_KEYS = {
    (metric, key): word.kind
    for metric in METRICS
    for key, word in metric_keywords(metric).items()
}
NOT_EVERYWHERE = {"torch", "approximate"}  # searches that need what may not be there


def accepted(kind):
    """Return the values that a configuration may have, as it hands them on."""
    adapter, found = TypeAdapter(configured(kind)), []
    for value in [*VALUES, *names_of(kind)]:
        try:
            found.append(adapter.validate_python(value, strict=True))
        except ValidationError:
            continue
    return [v for v in found if not (isinstance(v, str) and v in NOT_EVERYWHERE)]


def refused(kind):
    """Return values that a configuration may not have, but for those of flags."""
    right = [repr(value) for value in accepted(kind)]
    # Whole numbers may be written as other numbers.
    return [v for v in VALUES if repr(v) not in (*right, "1.0") and kind is not bool]


def test_kinds_are_read_from_the_functions():
    assert len(METHOD_KEYS) > 20
    assert len(METRIC_KEYS) > 30
    for kind in (METHOD_KEYS | METRIC_KEYS).values():
        assert accepted(kind)
        assert refused(kind) or kind is bool


@pytest.mark.parametrize("metric", METRICS)
def test_parameters_are_read_as_they_are_imported(metric):
    score = import_module(f"peftdiff.metrics.{metric}").score
    imported = {
        name: parameter.default
        for name, parameter in inspect.signature(score).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    found = metric_keywords(metric)
    assert {name: word.default for name, word in found.items()} == imported
    assert list(found) == parameter_names(metric)


def score(metric, **parameters):
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    features = rng.normal(size=(60, 7)) + rng.normal(size=(3, 7))[labels]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compute(metric, features, labels, **parameters)


@pytest.mark.parametrize("place", METRIC_KEYS, ids=".".join)
def test_a_metric_takes_what_the_configuration_allows_and_nothing_else(place):
    (metric, key), kind = place, METRIC_KEYS[place]
    for value in accepted(kind):
        try:
            score(metric, **{key: value})
        except UndefinedScore:
            continue
    for value in refused(kind):
        with pytest.raises((ValueError, TypeError)):
            score(metric, **{key: value})


def attach_to_small(method, **sizes):
    sizes = (
        {"adapter": 1, "lora": 1, "prompts": 1} | sizes if method == "noah" else sizes
    )
    model = VisionTransformer(
        img_size=16, patch_size=8, embed_dim=16, depth=4, num_heads=2, num_classes=3
    )
    attach(model, method, **sizes)


@pytest.mark.parametrize("place", METHOD_KEYS, ids=".".join)
def test_a_method_takes_what_the_configuration_allows(place):
    method, key = place
    for value in accepted(METHOD_KEYS[place]):
        attach_to_small(method, **{key: value})


SIZES_AND_NAMES = [
    place for place in METHOD_KEYS if place[1] not in ("dropout", "scale", "deep")
]  # of the others, torch takes any number, and Python any truth value


@pytest.mark.parametrize("place", SIZES_AND_NAMES, ids=".".join)
def test_a_size_or_a_name_that_is_refused_could_not_be_taken(place):
    method, key = place
    for value in refused(METHOD_KEYS[place]):
        with pytest.raises((ValueError, TypeError)):
            attach_to_small(method, **{key: value})


def test_what_is_no_kind_is_a_mistake_in_the_program():
    with pytest.raises(ValueError, match="there is no module"):
        keywords("peftdiff.metrics.magic", "score")
    with pytest.raises(ValueError, match="has no function 'magic'"):
        keywords("peftdiff.metrics.gbc", "magic")

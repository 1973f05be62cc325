"""Each parameter of each metric and method changes something."""

import warnings

import numpy as np
import pytest
import torch

from peftdiff.config.parameters import method_keywords, metric_keywords
from peftdiff.methods import METHODS, attach
from peftdiff.methods.presets import PRESET
from peftdiff.metrics import METRICS, compute
from peftdiff.models.vit import build_backbone

# Numbers that differ from the default.
NUMBERS = {
    **{"neighbors": 5, "components": 3, "diffusion_time": 3, "min_class_size": 2},
    **{"kernel_width": 0.3, "variance_floor": 10.0, "seed": 3, "restarts": 5},
    **{"prior_variance": 0.1, "lambda_variance": 0.01, "shrinkage": 0.9, "eps": 0.1},
    **{"hidden": 3, "rank": 3, "prompts": 3, "adapter": 3, "lora": 3},
    **{"dropout": 0.5, "scale": 0.5},
}
# The searches find the same neighbors; a start vector matters to the published chain.
SAME = {("peftdiff", "search"), ("knn", "search"), ("peftdiff", "seed")}
METRIC_KEYS = [
    (metric, key)
    for metric in METRICS
    for key in metric_keywords(metric)
    if (metric, key) not in SAME
]


METHOD_KEYS = [
    (method, key)
    for method in METHODS
    for key in method_keywords(method)
    if key != PRESET  # which stands for other keys, or has one value
]


def other_value(keyword, key):
    """Return a value other than the default."""
    kind, default = keyword
    for note in getattr(kind, "__metadata__", ()):
        if names := getattr(note, "names", ()):
            return next(name for name in names if name != default)
    if isinstance(default, bool):
        return not default
    return NUMBERS[key]


def score(metric, **parameters):
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2, 3], [20, 15, 12, 1])  # one is alone, as some act on
    features = rng.normal(size=(48, 40)) * np.linspace(0.2, 2, 40)
    features += 0.5 * rng.normal(size=(4, 40))[labels]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compute(metric, features, labels, **parameters)
    return list(found.values()) if isinstance(found, dict) else [found]


@pytest.mark.parametrize(("metric", "key"), METRIC_KEYS)
def test_a_parameter_of_a_metric_acts(metric, key):
    assert score(metric) == score(metric)
    value = other_value(metric_keywords(metric)[key], key)
    assert score(metric, **{key: value}) != score(metric)


def output(method, **hyperparameters):
    """Return what a model with a method gives in training, nothing of it being zero."""
    torch.manual_seed(0)
    sizes = {"image_size": 16, "patch_size": 8, "width": 16, "depth": 4, "heads": 2}
    model = build_backbone(sizes)
    attach(model, method, generator=torch.Generator().manual_seed(1), **hyperparameters)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1)
        torch.manual_seed(2)
        return model.train()(torch.ones(2, 3, 16, 16))


@pytest.mark.parametrize(("method", "key"), METHOD_KEYS)
def test_a_hyperparameter_of_a_method_acts(method, key):
    assert torch.equal(output(method), output(method))
    value = other_value(method_keywords(method)[key], key)
    assert not torch.equal(output(method, **{key: value}), output(method))

import inspect

import numpy as np
import pytest

from peftdiff.diffusion import diffusion_score, rank_pool
from peftdiff.metrics import combine, compute, parameter_names
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def dataset(seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(80) % 2
    return rng.normal(size=(80, 5)) + labels[:, None], labels


def test_components_are_those_of_the_diffusion_score():
    options = {"neighbors": 10, "diffusion_time": 3, "inter": "root"}
    score = diffusion_score(*dataset(0), **options)
    found = compute("peftdiff", *dataset(0), **options)
    assert found == {"intra": score.intra, "inter": score.inter}


def test_parameters_are_those_of_the_diffusion_score():
    parameters = inspect.signature(diffusion_score).parameters
    assert parameter_names("peftdiff") == list(parameters)[2:]


@pytest.mark.parametrize("method", ["minmax", "zscore", "relative"])
def test_combination_is_the_ranking_of_the_pool(method):
    pool = {name: compute("peftdiff", *dataset(s)) for s, name in enumerate("abc")}
    backbone = compute("peftdiff", *dataset(9))
    pairs = {name: (each["intra"], each["inter"]) for name, each in pool.items()}
    expected = rank_pool(pairs, (backbone["intra"], backbone["inter"]), method)
    assert combine("peftdiff", pool, backbone, combine=method) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"components": 1}, "all samples lie at one place"),
        ({"diffusion_time": 1e6}, "all samples lie at one place"),
        ({"normalize": False, "kernel_width": 1e-4}, "no sample is linked to another"),
    ],
)
@pytest.mark.filterwarnings("ignore::peftdiff.diffusion.DisconnectedGraphWarning")
def test_distances_that_any_labels_would_get_are_announced(options, message):
    with pytest.warns(SaturatedScore, match=message):
        found = compute("peftdiff", *dataset(0), **options)
    assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize(
    "options",
    [
        {"min_class_size": 41},
        {"neighbors": 81},
        {"components": 81},
        {"variant": "as_published", "components": 80},
        {"variant": "as_published", "kernel_width": 2.0},
    ],
)
def test_what_does_not_exist_is_undefined(options):
    with pytest.raises(UndefinedScore):
        compute("peftdiff", *dataset(0), **options)

"""Whatever a key is given, the answer is a configuration or one sentence about it."""

import copy
import datetime
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from peftdiff.config import check_config
from peftdiff.config.experiment import Configuration
from peftdiff.config.sentences import bare, fields, tagged
from peftdiff.config.values import Section
from peftdiff.data.images import Images
from peftdiff.methods import attach
from peftdiff.models.device import Setting
from peftdiff.models.vit import build_backbone, set_drop_path, set_head
from peftdiff.runtime import UserError
from peftdiff.training.loop import fit
from peftdiff.training.recipe import Recipe
from peftdiff.training.seeds import generator
from tests.helpers.configuration import changed, load, mistake

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70),
    st.sampled_from([10**9, 2**31, 2**32 - 1, 2**32, 2**64, 10**30, -(10**30)]),
    st.floats(),
    st.sampled_from([1e-320, 1e-31, 1e-30, 1e30, 1e31, 1.7e308, 1e3, 4.0, 0.5]),
    st.sampled_from(
        ["", " ", "4", "0.1", "auto", "train", "lora", "null", "~", "a\nb"]
    ),
    st.text(max_size=5),
    st.dates(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=6) | SCALARS, inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(section=Configuration, above=()):
    """Yield every key, as a path; a section before its keys."""
    for name, kind in fields(section).items():
        yield (*above, name)
        inner = bare(tagged(bare(kind)).get("mapping", kind))
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from paths(inner, (*above, name))


PATHS = list(paths())


def placed(path, value):
    """Return config.yaml with a value at a path, sections on the way made."""
    config = load()
    section = config
    for name in path[:-1]:
        if not isinstance(section.get(name), dict):
            section[name] = {}
        section = section[name]
    section[path[-1]] = value
    return config


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PATHS), VALUES)
def test_any_value_gives_a_configuration_or_one_sentence(path, value):
    config = placed(path, value)
    before = copy.deepcopy(config)
    sentence = ""
    try:
        assert list(check_config(config)) == list(config)
    except UserError as error:
        sentence = str(error)
    assert not sentence or sentence.startswith(("config key '", "the configuration"))
    assert "\n" not in sentence
    assert "pydantic" not in sentence
    assert repr(config) == repr(before)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("source.images", 10**30, "up to 4294967295"),
        ("source.images", 1.0e30, "up to 4294967295"),
        ("data.train_images", 1000.5, "a whole number"),
        ("data.train_images", True, "is true; it must be a whole number"),
        ("source.recipe.learning_rate", 1e-320, "of a size from 1.0e-30 to 1.0e+30"),
        ("source.recipe.learning_rate", 1e300, "of a size from 1.0e-30 to 1.0e+30"),
        ("source.recipe.learning_rate", math.nan, "is .nan; it must be a number"),
        ("hyperparameters.convpass.scale", -1e300, "of a size from"),
        ("backbone.architecture.depth", 1001, "from 1 to 1000"),
        ("data.normalization", {"mean": 123.0, "std": 58.0}, "from 0 to 1"),
        ("data.normalization", {"mean": 0.5, "std": 1e-9}, "from 0.001 to 1"),
        ("experiment", datetime.date(2024, 1, 1), "a name of at most"),
        ("source.folder", "\n ", "not empty"),
        *(
            (
                "source.recipe.augmentation",
                {"randaugment": f"rand-{part}"},
                "timm's name",
            )
            for part in ("p.5", "p5.0", "mstd0.5.5", "tfoo", "n0", "m999", "mmax0")
        ),
    ],
)
def test_numbers_that_would_fail_late_are_refused(key, value, words):
    sentence = mistake(placed(key.split("."), value))
    assert sentence.startswith(f"config key '{key}")
    assert words in sentence


EXTREMES = {
    "learning_rate": [1e-30, 1e30],
    "head_learning_rate": [1e-30, 1e30],
    "weight_decay": [0, 1e-30, 1e30],
    "warmup": [0, 1e-30, 1 - 1e-16],
    "label_smoothing": [0, 1e-30, 1 - 1e-16],
    "drop_path": [0, 1e-30, 1 - 1e-16],
    "batch_size": [1, 2**32 - 1],
    "epochs": [1],
    "flips": [True],
}
AUGMENTATIONS = {
    "crop": [[1e-30, 1e-30], [1, 1]],
    "flip": [1e-30, 1],
    "erasing": [1e-30, 1],
    "color_jitter": [0, 1e-30, 1e30],
    "mixup": [0, 1e-30, 1e30],
    "cutmix": [0, 1e-30, 1e30],
    "randaugment": [
        *("rand", "rand-m0", "rand-m99-mmax99", "rand-n9-p1", "rand-p0.25-tweights"),
        *("rand-mstd999.5-inc1", "rand-t3a-inc0", "rand-t3aw"),
    ],
}
RECIPE = load()["source"]["recipe"] | {"epochs": 1, "batch_size": 8}
EACH = [
    *({key: value} for key in EXTREMES for value in EXTREMES[key]),
    *({"augmentation": {k: v}} for k in AUGMENTATIONS for v in AUGMENTATIONS[k]),
]


def learn(architecture, recipe, normalization=(0.5, 0.5), method="adapter", **sizes):
    """Train a step or two on a few images, as a configuration says."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (8, 32, 32, 3), dtype=np.uint8)
    images = Images(pixels, np.arange(8) % 2, (("a", "b"),), *normalization, "x")
    model = build_backbone(architecture)
    set_drop_path(model, recipe.drop_path)
    attach(model, method, generator=generator(0), **sizes)
    set_head(model, 2, generator(1))
    fit(model, images, recipe, seed=0, name="this", setting=Setting())
    with torch.no_grad():
        model(torch.zeros(1, 3, 32, 32))


@pytest.mark.parametrize("change", EACH, ids=str)
def test_the_most_that_a_recipe_allows_trains_or_diverges_in_a_sentence(
    change, architecture
):
    recipe = RECIPE | change
    found = check_config(changed(source__recipe=recipe))["source"]["recipe"]
    sentence = ""
    try:
        learn(architecture, Recipe.of(found))
    except UserError as error:
        sentence = str(error)
    assert not sentence or "lower its learning rate" in sentence


@pytest.mark.parametrize("normalization", [(0, 0.001), (1, 1), (1, 0.001), (0.5, 1)])
def test_the_most_that_a_normalization_allows_can_be_trained_with(
    normalization, architecture
):
    mean, std = normalization
    check_config(changed(data__normalization={"mean": mean, "std": std}))
    learn(architecture, Recipe.of(RECIPE), normalization)


@pytest.mark.parametrize("method", ["adapter", "lora", "vpt", "convpass", "fact_tk"])
def test_the_most_dropout_that_is_allowed_can_be_trained_with(method, architecture):
    sizes = {"dropout": 1 - 1e-16}
    check_config(changed(**{f"hyperparameters__{method}": sizes}))
    rank = {"rank": 2} if method in ("lora", "fact_tk") else {}
    learn(architecture, Recipe.of(RECIPE), method=method, **sizes, **rank)

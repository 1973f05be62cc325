"""Each key of each recipe changes what is learnt, or is refused."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from peftdiff import stages
from peftdiff.config.experiment import Configuration
from peftdiff.config.recipes import SourceRecipe
from peftdiff.config.sentences import bare, fields
from peftdiff.models import forward
from peftdiff.models.device import Setting
from peftdiff.models.vit import build_backbone
from peftdiff.stages.noah.evolution import Evolution, evolve
from peftdiff.stages.noah.search import train_supernet
from peftdiff.stages.noah.space import MutationRates, parameters, search_space
from peftdiff.stages.plan import Plan
from peftdiff.stages.store import RunStore
from peftdiff.training.recipe import Recipe
from tests.helpers.configuration import changed, mistake

VALUES = {
    **{"epochs": 2, "batch_size": 32, "learning_rate": 0.01, "weight_decay": 0.01},
    **{"warmup": 0.1},
}
CHANGES = {
    "epochs": 1,
    "batch_size": 16,
    "learning_rate": 0.03,
    "head_learning_rate": 0.3,
    "weight_decay": 0.9,
    "warmup": 0.9,
    "label_smoothing": 0.5,
    "flips": True,
    "drop_path": 0.9,
    "augmentation": {"flip": 0.5},
    "schedule": "timm",
    "decay": "matrices",
}
CNN = {"blocks": [1, 1, 1, 1], "channels": [2, 2, 2, 2]}
LEVEL = {"sizes": [1, 2], "depths": [0.5, 1.0]}


def plan(stage, method, hyperparameters, recipe, start=""):
    return Plan(
        stage=stage,
        start=start,
        method=method,
        hyperparameters=hyperparameters,
        recipe=Recipe.of(recipe),
        data={},
        seed=0,
        setting=Setting(),
    )


def state(model):
    return [p.detach().numpy().copy() for p in model.parameters() if p.requires_grad]


@pytest.fixture(scope="module")
def factors(images):
    labels = np.stack([images.labels] * 4, axis=1)
    return replace(images, labels=labels, class_names=(("a", "b", "c"),) * 4)


@pytest.fixture(scope="module")
def backbone(architecture):
    torch.manual_seed(0)
    return {k: v.numpy() for k, v in build_backbone(architecture).state_dict().items()}


@pytest.fixture
def learn(tmp_path, monkeypatch, images, factors, architecture, backbone):
    """Return functions that train by a recipe, by the section that holds it."""
    learnt = []
    monkeypatch.setattr(
        forward, "accuracy", lambda m, *_, **__: learnt.append(m) or 1.0
    )
    stores = iter(range(100))

    def store():
        return RunStore(tmp_path / str(next(stores)))

    def pretrain(stage, train, sizes, recipe):
        made = plan(stage, "full", sizes, recipe)
        return list(train(made, store=store(), images=factors).weights.values())

    def source(recipe):
        made = plan("train_method", "lora", {"rank": 2}, recipe)
        run = stages.train_method(
            made,
            store=store(),
            images=images,
            architecture=architecture,
            backbone=backbone,
        )
        return list(run.weights.values())

    def task(recipe):
        stages.fine_tune(
            plan("fine_tune", "lora", {"rank": 2}, recipe, start="none"),
            store=store(),
            train_images=images,
            test_images=images,
            start=starting(architecture, backbone),
        )
        return state(learnt.pop())

    def supernet(recipe):
        run = train_supernet(
            plan("train_supernet", "noah", LEVEL, recipe),
            store=store(),
            images=images,
            architecture=architecture,
            backbone=backbone,
        )
        return list(run.weights.values())

    return {
        "backbone": partial(
            pretrain, "pretrain_backbone", stages.pretrain_backbone, architecture
        ),
        "source": source,
        "ground_truth": task,
        "noah.levels.lite": supernet,
        "studies.cnn": partial(pretrain, "train_cnn", stages.train_cnn, CNN),
    }


def starting(architecture, backbone):
    class Run:
        weights, key = backbone, "none"

    return stages.StartingModels(architecture, Run(), {})


def has(section, key):
    """Whether the recipe of a section has a key."""
    kind = Configuration
    for name in (*section.split("."), "recipe"):
        kind = bare(fields(kind)[name])
    return key in kind.model_fields


def test_all_keys_are_tried():
    assert set(SourceRecipe.model_fields) == set(CHANGES)
    recipes = ["backbone", "source", "ground_truth", "noah.levels.lite", "studies.cnn"]
    assert [s for s in recipes if not has(s, "drop_path")] == ["studies.cnn"]


@pytest.mark.parametrize("key", CHANGES)
@pytest.mark.parametrize(
    "section", ["backbone", "source", "ground_truth", "noah.levels.lite", "studies.cnn"]
)
def test_a_key_of_a_recipe_acts_or_is_refused(section, key, learn):
    place = f"{section}.recipe.{key}"
    if not has(section, key):
        sentence = mistake(changed(**{place.replace(".", "__"): CHANGES[key]}))
        assert sentence.startswith(f"config key '{place}' has no effect")
        return
    one, other = (learn[section](VALUES | more) for more in ({}, {key: CHANGES[key]}))
    assert any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


SPACE = {"sizes": [1, 2, 5], "depths": [0.25, 0.5, 1.0]}
RATES = {"module": 0.3, "depth": 0.4, "size": 0.4}
EVOLUTION = {
    **{"population": 8, "generations": 3, "parents": 3, "mutations": 3},
    **{"crossovers": 2, "tries": 10, "parameter_limit": 2000},
}
SEARCH_CHANGES = {
    "sizes": [1, 3, 5],
    "depths": [0.5, 1.0],
    **{"population": 9, "generations": 2, "parents": 2, "mutations": 1},
    **{"crossovers": 4, "tries": 1, "parameter_limit": 1000},
    **{"module": 0.9, "depth": 0.9, "size": 0.9},
}


def searched(**changes):
    """Return the candidates that a search looks at, in order."""
    space = search_space(*((SPACE | changes)[name] for name in SPACE), 4)
    rates = MutationRates(**{name: (RATES | changes)[name] for name in RATES})
    evolution = {name: (EVOLUTION | changes)[name] for name in EVOLUTION}
    seen = []

    def fitness(candidate):
        seen.append(candidate)
        return float(hash(candidate) % 97)

    evolve(
        space,
        Evolution(**evolution, mutation=rates),
        fitness=fitness,
        cost=lambda candidate: parameters(candidate, 16),
        seed=0,
    )
    return seen


@pytest.mark.parametrize("key", SEARCH_CHANGES)
def test_a_key_of_noahs_search_changes_what_is_tried(key):
    assert searched() == searched()
    assert searched(**{key: SEARCH_CHANGES[key]}) != searched()

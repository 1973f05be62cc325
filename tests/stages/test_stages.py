from dataclasses import replace

import numpy as np
import pytest

from peftdiff import stages
from peftdiff.models.device import Setting
from peftdiff.stages.plan import Plan
from peftdiff.stages.store import RunStore
from peftdiff.training.recipe import Recipe

RECIPE = Recipe(epochs=2, batch_size=32, learning_rate=0.01, weight_decay=0.0)


def plan(stage, method, sizes=None, seed=0, start=""):
    return Plan(
        stage=stage,
        start=start,
        method=method,
        hyperparameters=sizes or {},
        recipe=RECIPE,
        data={"checksums": ["x"]},
        seed=seed,
        setting=Setting(),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return RunStore(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def started(monkeypatch):
    """The parameters of each model as its training begins; nothing is trained."""
    from peftdiff.training import loop

    models = []

    def fit(model, *_, **__):
        parameters = model.named_parameters()
        models.append({name: p.detach().numpy().copy() for name, p in parameters})
        return 1.0

    monkeypatch.setattr(loop, "fit", fit)
    return models


@pytest.fixture(scope="module")
def factors(images):
    """The images with labels of four factors."""
    return replace(
        images,
        labels=np.stack([images.labels, images.labels % 2] * 2, axis=1),
        class_names=(("a", "b", "c"), ("x", "y")) * 2,
    )


@pytest.fixture(scope="module")
def backbone(store, architecture, factors):
    made = plan("pretrain_backbone", "full", architecture)
    return stages.pretrain_backbone(made, store=store, images=factors)


@pytest.fixture(scope="module")
def lora(store, architecture, images, backbone):
    made = plan("train_method", "lora", {"rank": 2}, start=backbone.key)
    return stages.train_method(
        made,
        store=store,
        images=images,
        architecture=architecture,
        backbone=backbone.weights,
    )


@pytest.fixture(scope="module")
def pool(architecture, backbone, lora):
    """The models that fine-tuning starts from."""
    return stages.StartingModels(architecture, backbone, {"lora": {0: lora}})


def test_the_backbone_keeps_its_weights_without_a_head(backbone):
    assert not any(name.startswith("head") for name in backbone.weights)
    assert backbone.weights["pos_embed"].shape == (1, 17, 16)
    assert backbone.result["train_seconds"] > 0


def test_another_seed_is_another_backbone(tmp_path, architecture, factors, started):
    for seed in (0, 1):
        made = plan("pretrain_backbone", "full", architecture, seed=seed)
        stages.pretrain_backbone(made, store=RunStore(tmp_path), images=factors)
    first, second = started
    for name in ("pos_embed", "blocks.0.attn.qkv.weight", "head.weight"):
        assert not np.array_equal(first[name], second[name])


def test_source_training_keeps_the_methods_weights_alone(lora, backbone):
    assert lora.weights
    assert not set(lora.weights) & set(backbone.weights)
    assert not any("head" in name for name in lora.weights)
    assert lora.result["train_seconds"] > 0


def test_seeds_start_from_other_weights(
    tmp_path, architecture, images, backbone, lora, started
):
    for seed in (0, 1):
        made = plan("train_method", "lora", {"rank": 2}, seed, backbone.key)
        stages.train_method(
            made,
            store=RunStore(tmp_path),
            images=images,
            architecture=architecture,
            backbone=backbone.weights,
        )
    first, second = ([model[name] for name in lora.weights] for model in started)
    assert not all(map(np.array_equal, first, second))


def test_fine_tuning_goes_on_from_the_source_weights(
    tmp_path, images, lora, pool, started
):
    made = plan("fine_tune", "lora", {"rank": 2}, start=lora.key)
    stages.fine_tune(
        made,
        store=RunStore(tmp_path),
        train_images=images,
        test_images=images,
        start=pool,
    )
    (model,) = started
    for name, array in lora.weights.items():
        np.testing.assert_array_equal(model[name], array)


def test_the_ground_truth_reads_the_test_images_once(
    tmp_path, images, lora, pool, monkeypatch
):
    from peftdiff.models import forward

    read = []

    def accuracy(model, given, **how):
        read.append(given)
        return 50.0

    monkeypatch.setattr(forward, "accuracy", accuracy)
    test_images = replace(images, checksum="test")
    made = plan("fine_tune", "lora", {"rank": 2}, start=lora.key)
    run = stages.fine_tune(
        made,
        store=RunStore(tmp_path),
        train_images=images,
        test_images=test_images,
        start=pool,
    )
    assert read == [test_images]
    assert run.result["accuracy"] == 50.0
    assert run.result["trainable_parameters"] == 2 * 2 * (16 + 48)
    assert run.result["epochs"] == 2
    assert run.weights == {}


def test_a_remembered_run_trains_nothing(
    store, architecture, images, backbone, lora, monkeypatch
):
    from peftdiff.training import loop

    def fit(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(loop, "fit", fit)
    made = plan("train_method", "lora", {"rank": 2}, start=backbone.key)
    again = stages.train_method(
        made,
        store=store,
        images=images,
        architecture=architecture,
        backbone=backbone.weights,
    )
    assert again.result == lora.result


def test_source_times_are_those_of_the_run_store(store, lora):
    gone = replace(lora, key="0" * 20)
    times = stages.source_times(store, {"lora": {0: lora, 1: gone}, "vpt": {}})
    assert times["model"].tolist() == ["lora", "lora"]
    assert times["seed"].tolist() == [0, 1]
    assert times["seconds"].iloc[0] == lora.result["train_seconds"]
    assert times["device"].iloc[0] == "cpu"
    assert times.loc[1, ["seconds", "device"]].isna().all()


def test_the_recipes_drop_path_is_that_of_the_model_in_training(
    tmp_path, architecture, images, backbone, lora, pool, monkeypatch
):
    from timm.layers import DropPath

    from peftdiff.training import loop

    seen = []

    def fit(model, *_, **__):
        modules = list(model.modules())
        seen.append([m.drop_prob for m in modules if isinstance(m, DropPath)])
        return 1.0

    monkeypatch.setattr(loop, "fit", fit)
    for recipe in (RECIPE, replace(RECIPE, drop_path=0.1)):
        tuned = replace(
            plan("fine_tune", "lora", {"rank": 2}, start=lora.key), recipe=recipe
        )
        trained = replace(tuned, stage="train_method")
        store = RunStore(tmp_path)
        stages.fine_tune(
            tuned,
            store=store,
            train_images=images,
            test_images=images,
            start=pool,
        )
        stages.train_method(
            trained,
            store=store,
            images=images,
            architecture=architecture,
            backbone=backbone.weights,
        )
    assert seen == [[], [], [0.1, 0.1], [0.1, 0.1]]

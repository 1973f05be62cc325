from dataclasses import replace

import pytest

from peftdiff.methods.presets import filled_in
from peftdiff.models.device import Setting
from peftdiff.runtime import digest
from peftdiff.stages.experiment import experiment_plans, referenced_runs
from peftdiff.stages.fine_tuning import selection_plans, truth_plans
from peftdiff.stages.plan import data_of, recipe_of
from peftdiff.stages.pretraining import backbone_plan, cnn_plan, fetched_plan
from peftdiff.stages.source_training import source_plans
from peftdiff.training.recipe import Recipe
from tests.helpers.configuration import changed, load
from tests.helpers.plans import CHECKSUMS, CPU, runs

REFERENCES = len(load()["ground_truth"]["references"])


def count(*, methods=9, tasks=6, source_seeds=2, seeds=2, candidates=3):
    fine = (methods + REFERENCES) * tasks * (seeds + candidates)
    # The configured recipe on other data (a part of the images) is a run of its own.
    return 2 + methods * source_seeds + fine  # the backbone and the CNN


def test_an_experiment_counts_its_runs():
    assert len(runs()) == count()


def test_a_new_method_adds_its_runs_and_keeps_the_others():
    methods = load()["methods"]
    fewer, all_runs = runs(methods=methods[:-1]), runs()
    assert fewer < all_runs
    assert len(fewer) == count(methods=8)


def test_a_new_seed_adds_its_runs_and_keeps_the_others():
    more = runs(source__seeds=[0, 1, 2], ground_truth__seeds=[0, 1, 2])
    assert runs() < more
    assert len(more) == count(source_seeds=3, seeds=3)


def cnn_run():
    config = load()
    data = data_of(["p"], config["data"]["normalization"])
    return cnn_plan(config["studies"]["cnn"], data, CPU).key


def test_a_new_backbone_keeps_no_run_but_the_cnn():
    assert runs() & runs(backbone__seed=1) == {cnn_run()}
    assert runs() & runs(backbone__recipe__epochs=15) == {cnn_run()}
    assert not runs() & runs(data__normalization__std=0.3)


def test_a_new_cnn_changes_that_run_alone():
    assert runs() - runs(studies__cnn__seed=1) == {cnn_run()}
    assert runs() - runs(studies__cnn__recipe__epochs=3) == {cnn_run()}


def test_a_cnn_that_timm_has_trained_is_no_run():
    name = {"studies__cnn__architecture": "resnet152.a1_in1k"}
    assert runs() - runs(**name) == {cnn_run()}
    assert runs(**name) < runs()


def test_the_keys_of_mini_are_as_they_were():
    plans = experiment_plans(load(), CHECKSUMS, CPU, studies=False)
    assert digest(sorted(plan.key for plan in plans)) == "133d31fc8163b8d27556"


def test_a_named_normalization_is_its_numbers():
    half = runs(data__normalization={"mean": 0.5, "std": 0.5})
    assert runs(data__normalization="half") == half
    assert not half & runs(data__normalization="imagenet")


NAMED = {
    "backbone__architecture": "vit_base_patch16_224.orig_in21k",
    "backbone__image_size": 32,
    "studies__cnn__architecture": "resnet152.a1_in1k",
}


def named_runs(weights="w", **changes):
    sums = {name: CHECKSUMS[name] for name in CHECKSUMS if name != "pretraining"}
    sums["backbone"] = {"weights": weights}
    return referenced_runs(changed(**NAMED | changes), sums, CPU)


def test_what_starts_from_a_fetched_backbone_depends_on_name_size_and_weights():
    assert len(named_runs()) == count() - 1  # without the CNN's
    assert not named_runs() & runs()
    other = {"backbone__architecture": "vit_base_patch16_224.augreg_in21k"}
    for changes in (other, {"backbone__image_size": 64}, {"weights": "v"}):
        assert not named_runs() & named_runs(**changes)


def test_a_fetched_backbone_heeds_no_recipe_and_no_device():
    changes = {"backbone__seed": 1, "backbone__recipe__epochs": 3}
    assert named_runs() == named_runs(**changes, backbone__weights="a.npz")
    plan = fetched_plan({"name": "x", "image_size": 32}, "w")
    assert (plan.stage, plan.setting) == ("fetch_backbone", Setting())


def test_a_cnn_is_trained_beside_a_fetched_backbone_where_it_has_sizes():
    cnn = changed()["studies"]["cnn"]["architecture"]
    sums = CHECKSUMS | {"backbone": {"weights": "w"}}
    config = changed(**NAMED | {"studies__cnn__architecture": cnn})
    assert referenced_runs(config, sums, CPU) - named_runs() == {cnn_run()}


def test_a_preset_changes_the_runs_of_its_method_as_its_values_do():
    named = {"prompts": None, "preset": "kitti"}
    config = changed(hyperparameters__vpt=named)
    config["hyperparameters"] = filled_in(config["hyperparameters"])
    found = referenced_runs(config, CHECKSUMS, CPU)
    assert found == runs(hyperparameters__vpt={"prompts": 100}) != runs()


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        (None, "c32941e0b082b638cf2e"),
        ("smoke.yaml", "144b52770b285843db61"),
        ("mini_long.yaml", "18c37900101a38a2cdee"),
        ("vtab1k.yaml", "c6e09bbdfc5e1c52dd8c"),
    ],
)
def test_the_keys_of_every_configuration_are_as_they_were(overlay, expected):
    """With the studies and the search of NOAH's sizes, so that all stages have some."""
    config = load(overlay)
    config["hyperparameters"] = filled_in(config["hyperparameters"])
    config["noah"]["search"] = "lite"
    tasks = {t: {"train": f"{t}-train", "test": f"{t}-test"} for t in config["tasks"]}
    sources = {name: CHECKSUMS[name] for name in ("pretraining", "source")}
    checksums = {**sources, "backbone": {"weights": "w"}, **tasks}
    plans = experiment_plans(config, checksums, CPU)
    assert digest(sorted(plan.key for plan in plans)) == expected


@pytest.mark.parametrize(
    ("defaults", "key"),
    [
        ({}, "db5f5e44aba808c1b8ef"),
        ({"warmup": 0.1, "flips": False}, "03d314cb57269caa82aa"),
    ],
)
def test_a_key_has_the_values_of_the_recipe_that_were_given(defaults, key):
    values = {"epochs": 1, "batch_size": 2, "learning_rate": 0.5, "weight_decay": 0.0}
    recipe = Recipe.of(values | defaults)
    assert recipe.identity() == values | defaults
    assert Recipe.of(recipe.identity()) == recipe == Recipe(**values)
    (plan,) = source_plans(
        "lora",
        backbone="b",
        hyperparameters={"rank": 4},
        recipe=recipe,
        seeds=[0],
        data={"x": 1},
        setting=CPU,
    )
    assert plan.key == key


def test_no_change_of_a_recipe_is_left_out_of_its_identity():
    values = {"epochs": 1, "batch_size": 2, "learning_rate": 0.5, "weight_decay": 0.0}
    for recipe in (Recipe(**values), Recipe.of(values)):
        changed_one = replace(recipe, drop_path=0.1)
        assert changed_one.identity() == values | {"drop_path": 0.1}


def test_a_hyperparameter_changes_the_runs_of_its_method_alone():
    kept = runs() & runs(hyperparameters__lora={"rank": 5})
    assert kept == runs(methods=[m for m in load()["methods"] if m != "lora"])


def test_a_source_recipe_changes_all_but_the_backbone_and_the_references():
    kept = runs() & runs(source__recipe__epochs=9)
    assert len(kept) == 2 + REFERENCES * 6 * (2 + 3)


def test_a_learning_rate_of_one_method_changes_that_method_alone():
    rates = load()["source"]["learning_rates"] | {"noah": 0.5}
    lost = runs() - runs(source__learning_rates=rates)
    assert len(lost) == 2 + 6 * (2 + 3)


def test_the_ground_truth_recipe_keeps_source_training():
    kept = runs() & runs(ground_truth__recipe__epochs=11)
    assert len(kept) == 2 + 9 * 2


def test_what_is_only_scored_or_drawn_changes_no_run():
    assert runs() == runs(
        metrics=["logme"], figures__map_task="land", embedding__split="test"
    )


def test_an_unavailable_task_has_no_runs():
    without = {task: sums for task, sums in CHECKSUMS.items() if task != "land"}
    tasks = [task for task in load()["tasks"] if task != "land"]
    found = referenced_runs(load(), {**without, "land": {}}, CPU)
    assert found == referenced_runs(changed(tasks=tasks), without, CPU)


def test_the_device_makes_other_runs():
    half = Setting("cpu", "bfloat16")
    assert not runs() & referenced_runs(load(), CHECKSUMS, half)


def test_a_seed_without_a_source_model_starts_from_the_first():
    config = load()
    truth = config["ground_truth"] | {"seeds": [0, 1, 7]}
    starts = {"lora": {0: "a", 1: "b"}, "full": {0: "backbone"}}
    plans = truth_plans(
        starts,
        {method: recipe_of(truth, method) for method in starts},
        hyperparameters={"lora": {}, "full": {}},
        seeds=truth["seeds"],
        data={},
        setting=CPU,
    )
    assert [(p.method, p.seed, p.start) for p in plans] == [
        ("lora", 0, "a"),
        ("lora", 1, "b"),
        ("lora", 7, "a"),
        ("full", 0, "backbone"),
        ("full", 1, "backbone"),
        ("full", 7, "backbone"),
    ]
    assert [p.recipe.learning_rate for p in plans[2:4]] == [0.02, 0.002]


def test_recipes_are_compared_on_one_seed_and_no_test_image():
    config = load()
    data = data_of(["train"], config["data"]["normalization"])
    plans = selection_plans(
        {"lora": {0: "a", 1: "b"}},
        hyperparameters={"lora": {}},
        truth=config["ground_truth"],
        data=data,
        setting=CPU,
    )
    assert [p.recipe.learning_rate for p in plans] == [0.01, 0.02, 0.04]
    assert {p.seed for p in plans} == {0}
    assert plans[0].data["checksums"] == ["train"]
    assert plans[0].data != data


def test_plans_start_where_their_predecessors_end():
    config = load()
    data = data_of(["p"], config["data"]["normalization"])
    backbone = backbone_plan(config["backbone"], data, CPU)
    recipe = recipe_of(config["source"], "vpt")
    plans = source_plans(
        "vpt",
        backbone=backbone.key,
        hyperparameters={},
        recipe=recipe,
        seeds=[0, 3],
        data=data,
        setting=CPU,
    )
    assert [(p.start, p.seed) for p in plans] == [(backbone.key, 0), (backbone.key, 3)]
    assert recipe.learning_rate == 0.03

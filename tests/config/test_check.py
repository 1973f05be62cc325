"""What is right passes unchanged; what is wrong ends in a sentence with its key."""

import copy
import dataclasses
import json

import pytest

from peftdiff.config import check_config, grid_mistake
from peftdiff.config.recipes import SourceRecipe
from peftdiff.methods import METHODS, hyperparameters
from peftdiff.metrics import METRICS
from peftdiff.runtime import UserError
from peftdiff.stages.plan import architecture_of
from peftdiff.tasks import TASKS
from peftdiff.training.recipe import Recipe
from tests.helpers.configuration import OVERLAYS, changed, load, mistake

VIT = "vit_base_patch16_224.orig_in21k"
FOLDER = {"source__folder": "images"}
RECIPE = load()["source"]["recipe"]
HUB = load("vtab1k.yaml")["source"]["hub"]


@pytest.mark.parametrize("overlay", [None, *OVERLAYS])
def test_the_configurations_come_out_as_they_go_in(overlay):
    config = load(overlay)
    found = check_config(config)
    # As text, because 1 == 1.0 == True; runs are known by it, and it keeps the order.
    assert json.dumps(found) == json.dumps(load(overlay)) == json.dumps(config)


def test_whole_numbers_may_have_an_exponent_and_other_numbers_stay_as_given():
    config = changed(
        data__train_images=1.0e3,
        source__seeds=[0.0, 2],
        metric_parameters__peftdiff__neighbors=2.0e1,
        metric_parameters__peftdiff__diffusion_time=3,
        hyperparameters__noah__adapter=[1.0, 2, 3, 4],
        ground_truth__recipe__learning_rate=1,
    )
    before = copy.deepcopy(config)
    found = check_config(config)
    assert json.dumps(config) == json.dumps(before)
    section = found["metric_parameters"]["peftdiff"]
    values = [
        found["data"]["train_images"],
        found["source"]["seeds"],
        section["neighbors"],
        section["diffusion_time"],
        found["hyperparameters"]["noah"]["adapter"],
        found["ground_truth"]["recipe"]["learning_rate"],
    ]
    assert json.dumps(values) == "[1000, [0, 2], 20, 3, [1, 2, 3, 4], 1]"


@pytest.mark.parametrize("word", ["true", "false"])
def test_the_words_of_a_command_line_are_booleans(word):
    assert check_config(changed(retrain=word))["retrain"] is (word == "true")


MISTAKES = [
    # Names that nothing knows.
    ({"taks": []}, "", "unknown key 'taks' (did you mean 'tasks'?)"),
    ({"source__seed": 1}, "source", "unknown key 'seed' (did you mean 'seeds'?)"),
    ({"studies__grid__times": [1]}, "studies.grid", "unknown key 'times'"),
    ({"methods": ["lora", "lorra"]}, "methods", "'lorra' (did you mean 'lora'?)"),
    ({"methods": ["lora", "full"]}, "methods", "has 'full'"),
    ({"tasks": ["mnist"]}, "tasks", "has 'mnist'"),
    ({"tasks": ["digits", "pets"]}, "tasks", "as 'data.image_folders.pets'"),
    ({"metrics": ["logm"]}, "metrics", "'logm' (did you mean 'logme'?)"),
    ({"device": "gpu"}, "device", "one of auto, cpu, cuda"),
    ({"noah__search": "long"}, "noah.search", "one of none, lite, full"),
    ({"figures__map_task": "count"}, "figures.map_task", "not among 'tasks'"),
    ({"data__normalization": "imagnet"}, "data.normalization", "mean 'imagenet'?"),
    ({"hyperparameters__loha": {}}, "hyperparameters", "unknown key 'loha'"),
    (
        {"hyperparameters__lora": {"rnk": 3}},
        "hyperparameters.lora",
        "unknown key 'rnk' (did you mean 'rank'?)",
    ),
    (
        {"hyperparameters__lora": {"preset": "cifar"}},
        "hyperparameters.lora",
        "unknown key 'preset'",
    ),
    (
        {"metric_parameters__peftdiff": {"time": 1}},
        "metric_parameters.peftdiff",
        "unknown key 'time'",
    ),
    (
        {"ground_truth__learning_rates": {"ful": 1.0}},
        "ground_truth.learning_rates",
        "'ful' (did you mean 'full'?)",
    ),
    ({"source__learning_rates": {"full": 1.0}}, "source.learning_rates", "'full'"),
    ({"source__recipe": RECIPE | {"flip": 1}}, "source.recipe", "mean 'flips'?"),
    # Keys at a level where they do not belong.
    ({"image_folders": {"a": "b"}}, "", "'image_folders' (which belongs below 'data')"),
    ({"data__tasks": ["digits"]}, "data", "'tasks' (which belongs at the top level)"),
    ({"data.train_images": 5}, "", "(write 'train_images' below 'data', indented)"),
    (
        {"metric_parameters__neighbors": 3},
        "metric_parameters",
        "below 'metric_parameters.peftdiff' or below 'metric_parameters.knn'",
    ),
    ({"data__recipe": {}}, "data", "or below 'ground_truth' and elsewhere"),
    (
        {"source__recipe__augmentation": {"crops": [0.1, 1.0]}},
        "source.recipe.augmentation",
        "unknown key 'crops' (did you mean 'crop'?)",
    ),
    # Names that cannot be.
    ({"experiment": "Mine"}, "experiment", "small letters, digits and underscores"),
    ({"experiment": "cached"}, "experiment", "small letters, digits and underscores"),
    ({"experiment": "published"}, "experiment", "nor cached, downloads or published"),
    *(
        ({"data__image_folders": {name: "x"}}, "data.image_folders", "small letters")
        for name in ("Pets", "my-pets", "2pets", "null", "nan", "inf", "true", "none")
    ),
    ({"data__image_folders": {"digits": "x"}}, "data.image_folders", "taken"),
    *(
        ({"data__image_folders": {name: "x"}}, "data.image_folders", "taken")
        for name in ("source", "pretraining", "backbone", "all", "mean")
    ),
    ({"data__image_folders": {"a" * 65: "x"}}, "data.image_folders", "at most 64"),
    ({"data__image_folders": {False: "x"}}, "data.image_folders", "name false"),
    ({"data__image_folders": {"pets": "x"}}, "data.image_folders", "not among 'tasks'"),
    # What a list holds.
    ({"methods": []}, "methods", "2 or more"),
    ({"methods": ["lora", "lora"]}, "methods", "'lora' twice"),
    ({"source__seeds": [0, 1, 0]}, "source.seeds", "0 twice"),
    ({"source__seeds": [0, -1]}, "source.seeds", "has -1"),
    ({"studies__grid__components": []}, "studies.grid.components", "1 or more"),
    (
        {"data__normalization": {"mean": [0.5, 0.5], "std": 1}},
        "data.normalization.mean",
        "a list of 3",
    ),
    (
        {"data__normalization": {"mean": 0, "std": [1, 0, 1]}},
        "data.normalization.std",
        "has 0",
    ),
    (
        {"source__recipe__augmentation": {"crop": [0.5]}},
        "source.recipe.augmentation.crop",
        "a list of 2",
    ),
    (
        {"source__recipe__augmentation": {"crop": [1.0, 0.08]}},
        "source.recipe.augmentation.crop",
        "the smallest share first",
    ),
    (
        {"hyperparameters__noah__lora": [2, 2, 2]},
        "hyperparameters.noah.lora",
        "3 sizes",
    ),
    # What belongs together.
    ({"data__normalization": {"mean": 0.5}}, "data.normalization", "lacks the key"),
    (
        {"data__vtab_hub": {"repository": "a/b", "file": "c.zip"}},
        "data.vtab_hub",
        "lacks the key 'revision'",
    ),
    ({"source__hub": {"repository": "a/b"}}, "source.hub", "lacks the key 'files'"),
    ({"source__hub": HUB, "source__shots": None}, "source.shots", "null"),
    ({**FOLDER, "source__stored_size": 16}, "source.stored_size", "less than"),
    ({"source__shots": 16}, "source.shots", "which is of image files"),
    ({"source__stored_size": 64}, "source.stored_size", "which is of image files"),
    (
        {"source__recipe": RECIPE | {"augmentation": {"flip": 1}, "flips": True}},
        "source.recipe.flips",
        "augmentation",
    ),
    (
        {"source__recipe": RECIPE | {"augmentation": {"mixup": 1}, "batch_size": 63}},
        "source.recipe.batch_size",
        "63",
    ),
    (
        {
            "source__images": 55,
            "source__recipe": RECIPE | {"augmentation": {"mixup": 1}},
        },
        "source.images",
        "make it even",
    ),
    (
        {"backbone__architecture__heads": 5},
        "backbone.architecture.heads",
        "must divide width",
    ),
    ({"backbone__weights": "a.npz"}, "backbone.weights", "a backbone with a name"),
    ({"backbone__image_size": 224}, "backbone.image_size", "a backbone with a name"),
    (
        {"backbone__architecture": "vit_base_patch16_224"},
        "backbone.architecture",
        "the tag of its weights",
    ),
    ({"backbone__architecture": VIT}, "backbone.image_size", "null"),
    (
        {"backbone__architecture": VIT, "backbone__image_size": 224, **FOLDER},
        "tasks",
        "digits, texture, land, cells, dsloc, dsori, drawn at 32 x 32",
    ),
    (
        {
            "backbone__architecture": VIT,
            "backbone__image_size": 224,
            "tasks": ["mine"],
            "data__image_folders": {"mine": "x"},
            "figures__map_task": "mine",
        },
        "source.folder",
        "drawn at 32 x 32",
    ),
    (
        {"hyperparameters__vpt__preset": "cifar"},
        "hyperparameters.vpt.preset",
        "changes nothing",
    ),
    (
        {"metric_parameters__peftdiff": {"variant": "as_published", "inter": "x"}},
        "metric_parameters.peftdiff.inter",
        "one of",
    ),
    (
        {
            "metric_parameters__peftdiff": {
                "variant": "as_published",
                "symmetrize": "mean",
            }
        },
        "metric_parameters.peftdiff",
        "does not go with",
    ),
    (
        {"noah__levels__lite__evolution__mutations": 11},
        "noah.levels.lite.evolution",
        "mutations and crossovers are 21",
    ),
    (
        {"noah__levels__full__evolution__parents": 51},
        "noah.levels.full.evolution",
        "parents are 51",
    ),
    # Methods larger than the backbone.
    *(
        (
            {f"hyperparameters__{method}": {key: 65}},
            f"hyperparameters.{method}.{key}",
            "64",
        )
        for method, key in [("lora", "rank"), ("fact_tt", "rank"), ("noah", "lora")]
    ),
    (
        {"backbone__architecture__width": 16, "hyperparameters__fact_tk": {}},
        "hyperparameters.fact_tk.rank",
        "32 by default",
    ),
    (
        {"backbone__architecture__depth": 2, "hyperparameters__noah": {"lora": 1}},
        "hyperparameters.noah.adapter",
        "of 3 layers, but the backbone has 2",
    ),
    (
        {"noah__search": "lite", "noah__levels__lite__sizes": [1, 65]},
        "noah.levels",
        "up to 65",
    ),
    # More than there are images.
    (
        {"data__train_images": 10},
        "metric_parameters.peftdiff.neighbors",
        "'data.train_images' larger",
    ),
    (
        {"embedding__max_images": 10},
        "metric_parameters.peftdiff.neighbors",
        "'embedding.max_images' larger",
    ),
    (
        {"metric_parameters__peftdiff__components": 1001},
        "metric_parameters.peftdiff.components",
        "1000 images",
    ),
    (
        {"metric_parameters__peftdiff__min_class_size": 501},
        "metric_parameters.peftdiff.min_class_size",
        "500 or less",
    ),
    (
        {"metric_parameters__knn": {"neighbors": 1000}},
        "metric_parameters.knn.neighbors",
        "999 or less",
    ),
    # Nothing is held out, or nothing is left.
    *(
        ({"ground_truth__selection__share": share}, key, "of the 1000 images")
        for share in (0.0004, 0.9996)
        for key in ["ground_truth.selection.share"]
    ),
    (
        {"noah__search": "lite", "source__images": 64, "noah__validation_share": 0.01},
        "noah.validation_share",
        "holds out nothing",
    ),
    # Keys that would have no effect.
    (
        {"studies__cnn__recipe__drop_path": 0.1},
        "studies.cnn.recipe.drop_path",
        "no effect",
    ),
    *(
        ({f"{section}__augmentation": {"flip": 1}}, f"{key}.augmentation", "no effect")
        for section, key in [
            ("ground_truth__recipe", "ground_truth.recipe"),
            ("backbone__recipe", "backbone.recipe"),
            ("studies__cnn__recipe", "studies.cnn.recipe"),
            ("noah__levels__lite__recipe", "noah.levels.lite.recipe"),
        ]
    ),
]


@pytest.mark.parametrize(("changes", "key", "words"), MISTAKES, ids=str)
def test_a_mistake_is_one_sentence_that_names_its_key(changes, key, words):
    sentence = mistake(changed(**changes))
    where = f"config key '{key}'" if key else "the configuration"
    assert sentence.startswith((f"{where} ", f"{where}: "))
    assert words in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("axis", ["neighbors", "components"])
def test_a_grid_beyond_the_images_is_no_mistake_until_it_is_asked_for(axis):
    fitting = check_config(changed(**{f"studies__grid__{axis}": [5, 1000]}))
    assert grid_mistake(fitting) == ""
    config = check_config(changed(**{f"studies__grid__{axis}": [5, 1001]}))
    sentence = grid_mistake(config)
    assert sentence.startswith(f"config key 'studies.grid.{axis}' is 1001")
    assert "1000 images" in sentence


def test_sizes_of_methods_that_are_not_used_do_not_matter():
    lora = {"hyperparameters__lora": {"rank": 65}}
    check_config(changed(methods=["vpt", "bitfit"], **lora))
    noah = {"backbone__architecture__depth": 2, "hyperparameters__noah": {}}
    check_config(changed(methods=["vpt", "bitfit"], **noah))
    check_config(changed(noah__search="lite", **noah))  # its sizes are searched


def test_a_sentence_says_the_key_the_value_and_what_is_allowed():
    assert mistake(changed(metric_parameters__gbc={"covariance": "full"})) == (
        "config key 'metric_parameters.gbc.covariance' is 'full'; it must be one of"
        " diagonal, spherical"
    )
    assert mistake(changed(source__recipe__warmup="0.1")) == (
        "config key 'source.recipe.warmup' is '0.1' (which is text: write it without"
        " quotes, and 1.0e-3 instead of 1e-3; what --config nests is text, so put it"
        " into a file for --configfile); it must be a number from 0 to below 1"
    )
    assert mistake(changed(source__seeds=[0, float("nan")])) == (
        "config key 'source.seeds' has .nan; each entry must be a whole number from 0"
        " to 4294967295"
    )


def test_a_missing_key_is_named():
    config = load()
    del config["source"]["images"]
    assert mistake(config).startswith("config key 'source' lacks the key 'images'")
    del config["source"]
    assert mistake(config).startswith("the configuration lacks the key 'source'")


def test_what_follows_from_a_misspelt_key_is_not_told_in_its_place():
    sentence = mistake(changed(data__normalization={"mean": 0.5, "stdd": 1}))
    assert "unknown key 'stdd' (did you mean 'std'?)" in sentence


def test_the_embedded_tasks_may_go_with_a_named_backbone_of_their_size():
    named = {"backbone__architecture": VIT, "backbone__image_size": 32}
    check_config(changed(**named))
    local = {"backbone__architecture": "vit_tiny", "backbone__weights": "a.npz"}
    check_config(changed(**named | local))


def test_own_images_go_with_a_named_backbone_and_a_source():
    own = {
        "backbone__architecture": VIT,
        "backbone__image_size": 224,
        "tasks": ["mine"],
        "figures__map_task": "mine",
        "data__image_folders": {"mine": "x"},
    }
    check_config(changed(**own, **FOLDER))
    check_config(changed(**own, source__hub=HUB, source__shots=16))


def test_the_backbone_of_vtab_1k_is_the_papers():
    config = load("vtab1k.yaml")
    assert architecture_of(config["backbone"]) == {"name": VIT, "image_size": 224}
    sizes = {
        k: v for k, v in config["hyperparameters"]["noah"].items() if v is not None
    }
    assert sizes == {"preset": "imagenet", "init": "noah", "dropout": 0.1}


@pytest.mark.parametrize("randaugment", ["rand-m9-mstd0.5-inc1", "rand-n3-p0.4", None])
def test_augmentations_are_valid(randaugment):
    parts = {"crop": [0.08, 1.0], "flip": 0.5, "randaugment": randaugment}
    check_config(changed(source__recipe__augmentation=parts))
    check_config(changed(source__recipe__augmentation=None))


def test_every_name_of_the_tables_is_allowed():
    config = load()
    config["tasks"] = [*TASKS, "mine"]
    config["data"]["image_folders"] = {"mine": "somewhere"}
    config["methods"] = [slug for slug, method in METHODS.items() if method.in_pool]
    config["metrics"] = list(METRICS)
    config["hyperparameters"] = {slug: hyperparameters(slug) for slug in METHODS}
    check_config(config)


def test_every_key_of_a_recipe_is_one_that_training_takes():
    # tests/training shows that each of these changes what is learnt.
    taken = {field.name for field in dataclasses.fields(Recipe)} - {"given"}
    assert set(SourceRecipe.model_fields) == taken


def test_what_is_no_mapping_is_refused():
    with pytest.raises(UserError, match="'noah'"):
        check_config(load() | {"noah": []})

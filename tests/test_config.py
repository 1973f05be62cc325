import copy

import pytest

from peftdiff.config import check_config
from peftdiff.methods import METHODS, hyperparameters
from peftdiff.metrics import METRICS, parameter_names
from peftdiff.runtime import UserError
from peftdiff.stages.plan import architecture_of
from peftdiff.tasks import TASKS
from tests.helpers.configuration import SCHEMA, changed, load
from tests.helpers.project import ROOT

VIT = "vit_base_patch16_224.orig_in21k"


RECIPE = load()["source"]["recipe"]
HUB = load("vtab1k.yaml")["source"]["hub"]


@pytest.mark.parametrize(
    "overlay", [None, "mini_long.yaml", "smoke.yaml", "vtab1k.yaml"]
)
def test_the_configurations_are_valid(overlay):
    check_config(load(overlay), SCHEMA)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"taks": []},
            "the configuration has an unknown key 'taks' (did you mean 'tas",
        ),
        (
            {"noah__levels__lite__evolution__mutations": 11},
            "config key 'noah.levels.lite.evolution': mutations and crossovers are 21,",
        ),
        (
            {"noah__levels__full__evolution__parents": 51},
            "config key 'noah.levels.full.evolution': parents are 51, more than the",
        ),
        (
            {"noah__search": "long"},
            "config key 'noah.search' is 'long'; allowed: none, lite, full",
        ),
        (
            {"source__seed": 1},
            "config key 'source' has an unknown key 'seed' (did you mean 'seeds'?);"
            " allowed: images, seeds, recipe, learning_rates",
        ),
        (
            {"methods": ["lora", "lorra"]},
            "config key 'methods.1' is 'lorra' (did you mean 'lora'?);"
            " allowed: adapter, lora, vpt, bitfit, convpass,",
        ),
        ({"methods": ["lora", "full"]}, "config key 'methods.1' is 'full'"),
        (
            {"methods": []},
            "config key 'methods' lists 0 entries; it must list at least 2",
        ),
        ({"tasks": ["mnist"]}, "config key 'tasks.0' is 'mnist'; allowed: digits,"),
        (
            {"metrics": ["logm"]},
            "config key 'metrics.0' is 'logm' (did you mean 'logme'?)",
        ),
        (
            {"source__images": "many"},
            "config key 'source.images' is 'many'; it must be of",
        ),
        (
            {"source__recipe__learning_rate": "1e-3"},
            "config key 'source.recipe.learning_rate' is '1e-3'; it must be of type"
            " number (in YAML, write 1.0e-3, not 1e-3; what --config nests is text, so"
            " put it into a file for --configfile)",
        ),
        ({"source__images": 0}, "config key 'source.images': 0 is less than"),
        ({"device": "gpu"}, "config key 'device' is 'gpu'; allowed: auto, cpu, cuda"),
        ({"experiment": "cached"}, "config key 'experiment': 'cached' does not match"),
        (
            {"hyperparameters__lora": {"rnk": 3}},
            "config key 'hyperparameters.lora' has an unknown 'rnk' (did you mean",
        ),
        (
            {"hyperparameters__loha": {}},
            "config key 'hyperparameters' has an unknown 'loha'",
        ),
        (
            {"metric_parameters__peftdiff": {"time": 1}},
            "config key 'metric_parameters.peftdiff' has an unknown 'time'",
        ),
        (
            {"ground_truth__learning_rates": {"ful": 1.0}},
            "config key 'ground_truth.learning_rates' has an unknown 'ful'",
        ),
        (
            {"figures__map_task": "count"},
            "config key 'figures.map_task' has an unknown",
        ),
        (
            {"backbone__architecture__heads": 5},
            "config key 'backbone.architecture.heads' is 5; it must divide width",
        ),
        (
            {"backbone__weights": "a.npz"},
            "config key 'backbone.weights' belongs to a backbone with a name; leave it",
        ),
        (
            {"backbone__image_size": 224},
            "config key 'backbone.image_size' belongs to a backbone with a name; leave",
        ),
        (
            {"backbone__architecture": "vit_base_patch16_224"},
            "config key 'backbone.architecture' is 'vit_base_patch16_224', without the"
            " tag of its weights; name it as in 'vit_base_patch16_224.orig_in21k', or",
        ),
        (
            {"backbone__architecture": VIT},
            "config key 'backbone.image_size' is empty; set it to the pixels of the",
        ),
        (
            {"backbone__architecture": VIT, "backbone__image_size": 224},
            "config key 'tasks' has digits, texture, land, cells, dsloc, dsori, drawn"
            " at 32 x 32 for the embedded backbone, but config key 'backbone.image_s",
        ),
        (
            {"backbone__architecture": "hf-hub:timm/vit"},
            "config key 'backbone.architecture': 'hf-hub:timm/vit' does not match",
        ),
        (
            {"backbone__architecture": VIT, "backbone__weights": "a.pth"},
            "config key 'backbone.weights': 'a.pth' does not match",
        ),
        (
            {"data__normalization": "imagnet"},
            "config key 'data.normalization' has an unknown 'imagnet' (did you mean"
            " 'imagenet'?); allowed: imagenet, half, none",
        ),
        (
            {"data__normalization": {"mean": 0.5}},
            "config key 'data.normalization' lacks the key 'std'",
        ),
        (
            {"data__normalization": {"mean": [0.5, 0.5], "std": 1}},
            "config key 'data.normalization.mean' lists 2 entries; it must list at",
        ),
        (
            {"data__normalization": {"mean": 0, "std": [1, 0, 1]}},
            "config key 'data.normalization.std.1': 0 is less than or equal",
        ),
        (
            {"studies__grid__neighbors": [5, 2000]},
            "config key 'studies.grid.neighbors' goes up to 2000, but only 1000 images",
        ),
        (
            {"studies__cnn__recipe__drop_path": 0.1},
            "config key 'studies.cnn.recipe.drop_path': 0 was expected",
        ),
        (
            {"studies__grid__components": []},
            "config key 'studies.grid.components' lists 0 entries",
        ),
        (
            {"studies__grid__times": [1]},
            "config key 'studies.grid' has an unknown key 'times'",
        ),
        (
            {"data__interpolation": "nearest"},
            "config key 'data.interpolation' is 'nearest'; allowed: bicubic, bilinear",
        ),
        (
            {"data__missing_tasks": "ignore"},
            "config key 'data.missing_tasks' is 'ignore'; allowed: error, skip",
        ),
        (
            {"data__vtab_hub": {"repository": "a/b", "file": "c.zip"}},
            "config key 'data.vtab_hub' lacks the key 'revision'",
        ),
        (
            {"data__vtab_sha256": "abc"},
            "config key 'data.vtab_sha256': 'abc' does not match",
        ),
        (
            {"data__image_folders": {"digits": "somewhere"}},
            "config key 'data.image_folders' has a task 'digits', a name that is taken",
        ),
        (
            {"data__image_folders": {"source": "somewhere"}},
            "config key 'data.image_folders' has a task 'source', a name that is taken",
        ),
        (
            {"source__hub": {"repository": "a/b", "revision": "main"}},
            "config key 'source.hub' lacks the key 'files'",
        ),
        (
            {"source__hub": dict.fromkeys(HUB, "a"), "source__shots": None},
            "config key 'source.shots' is empty, but images of 'source.hub' are drawn",
        ),
        (
            {"source__shots": 0},
            "config key 'source.shots': 0 is less than the minimum of 1",
        ),
        (
            {"source__recipe__augmentation": {"crops": [0.1, 1.0]}},
            "config key 'source.recipe.augmentation' has an unknown key 'crops' (did",
        ),
        (
            {"source__recipe__augmentation": {"randaugment": "rand-m9-inc2"}},
            "config key 'source.recipe.augmentation.randaugment': 'rand-m9-inc2' does",
        ),
        (
            {"source__recipe__augmentation": {"crop": [0.5]}},
            "config key 'source.recipe.augmentation.crop' lists 1 entries",
        ),
        (
            {"source__recipe": RECIPE | {"augmentation": {"flip": 1}, "flips": True}},
            "config key 'source.recipe' has both 'flips' and an augmentation",
        ),
        (
            {
                "source__recipe": RECIPE
                | {"augmentation": {"cutmix": 1.0}, "batch_size": 63}
            },
            "config key 'source.recipe.batch_size' is 63; mixup and cutmix mix images",
        ),
        (
            {"ground_truth__recipe__augmentation": {"flip": 0.5}},
            "config key 'ground_truth.recipe' has an augmentation, which only the",
        ),
        (
            {"studies__cnn__recipe__augmentation": {"flip": 0.5}},
            "config key 'studies.cnn.recipe' has an augmentation, which only the",
        ),
        (
            {"hyperparameters__lora": {"preset": "cifar"}},
            "config key 'hyperparameters.lora' has an unknown 'preset'; allowed: rank",
        ),
        (
            {"hyperparameters__vpt": {"preset": "cifar100"}},
            "config key 'hyperparameters.vpt.preset' is 'cifar100'; allowed: cal",
        ),
        (
            {"hyperparameters__vpt__preset": "cifar"},
            "config key 'hyperparameters.vpt.preset' changes nothing, since prompts",
        ),
        (
            {"data__train_images": 10},
            "config key 'metric_parameters.peftdiff.neighbors' is 20, but only 10",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence(changes, sentence):
    with pytest.raises(UserError) as caught:
        check_config(changed(**changes), SCHEMA)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_the_embedded_tasks_may_go_with_a_named_backbone_of_their_size():
    named = {"backbone__architecture": VIT, "backbone__image_size": 32}
    check_config(changed(**named), SCHEMA)
    local = {"backbone__architecture": "vit_tiny", "backbone__weights": "a.npz"}
    check_config(changed(**named | local), SCHEMA)


def test_the_backbone_of_vtab_1k_is_the_papers():
    config = load("vtab1k.yaml")
    assert architecture_of(config["backbone"]) == {"name": VIT, "image_size": 224}
    sizes = {
        k: v for k, v in config["hyperparameters"]["noah"].items() if v is not None
    }
    assert sizes == {"preset": "imagenet", "dropout": 0.1}


@pytest.mark.parametrize("randaugment", ["rand-m9-mstd0.5-inc1", "rand-n3-p0.4", None])
def test_augmentations_are_valid(randaugment):
    parts = {"crop": [0.08, 1.0], "flip": 0.5, "randaugment": randaugment}
    check_config(changed(source__recipe__augmentation=parts), SCHEMA)
    check_config(changed(source__recipe__augmentation=None), SCHEMA)


def test_a_missing_key_is_named():
    config = load()
    del config["source"]["images"]
    with pytest.raises(UserError, match=r"'source' lacks the key 'images'"):
        check_config(config, SCHEMA)


def test_the_check_changes_nothing():
    config, schema = load(), copy.deepcopy(SCHEMA)
    check_config(config, schema)
    assert (config, schema) == (load(), SCHEMA)


def test_every_key_is_described_and_nothing_is_lax():
    def walk(schema, path):
        if schema.get("type") == "object" and "properties" in schema:
            assert schema["additionalProperties"] is False, path
            for key, value in schema["properties"].items():
                assert "description" in value or path.endswith("architecture"), key
                walk(value, f"{path}.{key}")

    walk(SCHEMA, "config")


def test_every_name_of_the_tables_is_allowed():
    config = load()
    config["tasks"] = [*TASKS, "mine"]
    config["data"]["image_folders"] = {"mine": "somewhere"}
    config["methods"] = [slug for slug, method in METHODS.items() if method.in_pool]
    config["metrics"] = list(METRICS)
    config["hyperparameters"] = {slug: hyperparameters(slug) for slug in METHODS}
    config["metric_parameters"] = {
        slug: dict.fromkeys(parameter_names(slug), 1) for slug in METRICS
    }
    check_config(config, SCHEMA)


def test_every_key_is_read_somewhere():
    code = "\n".join(
        path.read_text()
        for folder in ("workflow/rules", "workflow/scripts", "workflow/peftdiff")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".smk")
    )
    for section, schema in SCHEMA["properties"].items():
        for key in (section, *schema.get("properties", {})):
            assert f'["{key}"]' in code, key

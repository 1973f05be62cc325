"""A backbone of timm's name through the scripts: weights, task, runs, provenance."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import embed_task
import fetch_backbone
import fine_tune
import prepare_image_folder
import prune_runs
import record_provenance
import report_status
import train_method
from peftdiff.data.images import read_checksums, read_images, write_images
from peftdiff.data.normalization import NORMALIZATIONS
from peftdiff.embeddings import BACKBONE_MODEL, ModelName, read_embedding
from peftdiff.records import read_json, read_table
from peftdiff.stages import TrainingContext
from peftdiff.stages.plan import architecture_of, recipe_of
from peftdiff.stages.store import RunStore, read_models
from tests.helpers import tables
from tests.helpers.checkpoints import NAME, SIZE, save_npz, save_safetensors, tiny
from tests.helpers.configuration import changed

METHODS = ["lora", "vpt"]
RECIPE = {
    **{"epochs": 1, "batch_size": 16, "learning_rate": 0.01},
    **{"weight_decay": 0.0, "warmup": 0.1},
}
PREPARATION = {"size": SIZE, "interpolation": "bicubic", "stored_bytes": 10**6}


def configuration(folder):
    return changed(
        **{"device": "cpu", "precision": "float32"},
        tasks=["mine"],
        methods=METHODS,
        hyperparameters={"lora": {"rank": 2}, "vpt": {"prompts": 2}},
        data__normalization="imagenet",
        data__image_folders={"mine": f"{folder}/images"},
        backbone__architecture=NAME,
        backbone__image_size=SIZE,
        backbone__weights=f"{folder}/weights.safetensors",
        source__seeds=[0],
        source__recipe=RECIPE,
        source__learning_rates={},
        ground_truth__seeds=[0],
        ground_truth__references=["linear"],
        ground_truth__recipe=RECIPE,
        studies__cnn__architecture="resnet10t",
    )


def fetch(folder, weights):
    config = configuration(folder)
    fetch_backbone.main(
        *(str(weights), f"{folder}/models/backbone.safetensors"),
        architecture=architecture_of(config["backbone"]),
        store=f"{folder}/runs",
        retrain=False,
    )
    return f"{folder}/models/backbone.safetensors"


@pytest.fixture(scope="module")
def model():
    return tiny()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, images, model):
    """An experiment's folder: an own task, a source, the backbone's weights."""
    folder = tmp_path_factory.mktemp("named")
    save_safetensors(model, folder / "weights.safetensors")
    rng = np.random.default_rng(0)
    for number in range(60):
        path = folder / f"images/class {number % 3}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 90, (16, 24, 3), np.uint8)
        pixels[..., number % 3] += 60
        Image.fromarray(pixels).save(path)
    prepare_image_folder.main(
        f"{folder}/data/mine.safetensors",
        images_path=f"{folder}/images",
        sizes={"train": 40, "test": 20, "test_share": 0.2},
        seed=0,
        unreadable="error",
        preparation=PREPARATION,
    )
    source = {"train": (images.pixels, images.labels)}
    write_images(f"{folder}/data/source.safetensors", source, images.class_names)
    fetch(folder, folder / "weights.safetensors")
    return folder


@pytest.fixture(scope="module")
def done(folder):
    """The same folder, the methods trained, the task embedded and fine-tuned on."""
    config = configuration(folder)
    where = {
        "device": "cpu",
        "precision": "float32",
        "normalization": NORMALIZATIONS["imagenet"],
    }
    context = TrainingContext.prepare(store=f"{folder}/runs", retrain=False, **where)
    architecture = architecture_of(config["backbone"])
    backbone = f"{folder}/models/backbone.safetensors"
    trained = []
    for method in METHODS:
        trained.append(f"{folder}/models/{method}.safetensors")
        train_method.main(
            *(f"{folder}/data/source.safetensors", backbone, trained[-1]),
            sizes_path=None,
            method=method,
            architecture=architecture,
            hyperparameters=config["hyperparameters"][method],
            recipe=recipe_of(config["source"], method),
            seeds=[0],
            context=context,
        )
    task = f"{folder}/data/mine.safetensors"
    models = {"backbone_path": backbone, "method_paths": trained, "sizes_path": None}
    names = {"experiment": "mini", "task": "mine", "group": "own"}
    embed_task.main(
        *(task, f"{folder}/embedding.safetensors", f"{folder}/times.csv"),
        **models,
        **where,
        architecture=architecture,
        hyperparameters=config["hyperparameters"],
        embedding=config["embedding"],
        names=names,
    )
    fine_tune.main(
        *(task, f"{folder}/truth.csv"),
        **models,
        selection_path=None,
        architecture=architecture,
        hyperparameters={**config["hyperparameters"], "linear": {}},
        truth=config["ground_truth"],
        names=names,
        context=context,
    )
    return folder


def test_the_embedding_is_that_of_timms_own_model(done, model):
    features, labels = read_embedding(f"{done}/embedding.safetensors")
    assert set(map(str, features)) == {"backbone", "lora/0", "vpt/0"}
    images = read_images(
        f"{done}/data/mine.safetensors", "train", NORMALIZATIONS["imagenet"]
    )
    np.testing.assert_array_equal(labels, images.labels)
    levels = NORMALIZATIONS["imagenet"]
    x = (images.pixels / 255 - levels["mean"]) / levels["std"]
    x = torch.tensor(x.transpose(0, 3, 1, 2), dtype=torch.float32)
    with torch.no_grad():
        expected = model.forward_head(model.forward_features(x), pre_logits=True)
    np.testing.assert_allclose(features[BACKBONE_MODEL], expected, atol=1e-3)
    assert not np.allclose(
        features[ModelName("lora", 0)], features[BACKBONE_MODEL], atol=1e-3
    )


def test_the_task_is_fine_tuned_on(done):
    truth = read_table(done / "truth.csv")
    assert list(truth["method"]) == [*METHODS, "linear"]
    assert truth["accuracy"].between(0, 100).all()


def checked(folder):
    names = ["data/source", "data/mine", "models/backbone"]
    return {n.split("/")[1]: f"{folder}/{n}.safetensors" for n in names}


def test_all_runs_are_those_that_the_configuration_plans(done, capsys):
    config, store = configuration(done), f"{done}/runs"
    before = set(RunStore(store).results())
    assert len(before) == 1 + 2 + 3
    report_status.main(config=config, checked=checked(done), store=store)
    page = capsys.readouterr().out
    for stage, count in (("fetch_backbone", 1), ("train_method", 2), ("fine_tune", 3)):
        (row,) = [line.split() for line in page.splitlines() if stage in line]
        assert row[1:5] == [str(count), str(count), "0", "0"]
    prune_runs.main(list(checked(done).values()), config=config, store=store)
    assert set(RunStore(store).results()) == before


def test_before_the_backbone_is_there_all_is_left(tmp_path, capsys):
    config = configuration(tmp_path)
    report_status.main(
        config=config, checked=checked(tmp_path), store=f"{tmp_path}/runs"
    )
    assert "fetch_backbone     1     0      0     1" in capsys.readouterr().out


def test_the_same_weights_from_another_file_make_no_other_run(folder, model, tmp_path):
    before = read_models(f"{folder}/models/backbone.safetensors")[0].key
    again = fetch(tmp_path, save_npz(model, tmp_path / "a.npz"))
    assert read_models(again)[0].key == before
    other = fetch(tmp_path, save_npz(tiny(seed=1), tmp_path / "b.npz"))
    assert read_models(other)[0].key != before


def test_provenance_says_where_the_weights_are_from(folder, tmp_path):
    backbone = f"{folder}/models/backbone.safetensors"
    tables.truth().assign(device="cpu").to_csv(tmp_path / "truth.csv", index=False)
    record_provenance.main(
        *(str(tmp_path / "truth.csv"), [], str(tmp_path / "provenance.json")),
        backbone_path=backbone,
        config=configuration(folder),
        missing={},
    )
    source = read_json(tmp_path / "provenance.json")["backbone"]
    assert source["path"] == f"{folder}/weights.safetensors"
    assert source["checksum"] == read_checksums(backbone)["weights"]
    (key,) = (run.key for run in read_models(backbone).values())
    record = json.loads((folder / f"runs/{key}/run.json").read_text())
    assert record["result"]["source"] == source
    assert record["identity"]["data"] == {"weights": source["checksum"]}

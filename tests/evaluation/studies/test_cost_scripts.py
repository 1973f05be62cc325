"""The scripts of times and of complexity, on tiny inputs."""

import numpy as np
import pandas as pd
import pytest

import compare_times
import draw_figure
import measure_complexity
import train_cnn
from peftdiff.data.images import write_images
from peftdiff.models.device import Setting
from peftdiff.paths import published_table
from peftdiff.records import read_table, write_arrays, write_json, write_table
from peftdiff.stages import TrainingContext
from peftdiff.stages.plan import Plan
from peftdiff.stages.store import RunStore, read_models, write_models
from tests.helpers.project import ROOT

NORMALIZATION = {"mean": 0.5, "std": 0.28}
EMBEDDING = {"split": "train", "max_images": 100, "batch_size": 32}
CNN = {
    "architecture": {"blocks": [1, 1, 1, 1], "channels": [4, 4, 8, 12]},
    "seed": 0,
    "recipe": {
        **{"epochs": 1, "batch_size": 32, "learning_rate": 0.01},
        "weight_decay": 0.0,
    },
}
POSTER = ROOT / published_table("timing_minutes")


@pytest.fixture
def folder(tmp_path, embeddings, images):
    """A folder with embeddings of 60 images, and with images of a task and a source."""
    features, labels = embeddings
    arrays = {str(model): array for model, array in features.items()}
    write_arrays(tmp_path / "embedding.safetensors", {**arrays, "labels": labels}, {})
    own = (images.pixels, images.labels)
    write_images(f"{tmp_path}/task.safetensors", {"train": own}, [["a", "b", "c"]])
    factors = np.stack([images.labels] * 4, axis=1)
    names = [["a", "b", "c"]] * 4
    write_images(
        f"{tmp_path}/pretraining.safetensors",
        {"train": (images.pixels, factors)},
        names,
    )
    return tmp_path


def context(folder):
    return TrainingContext.prepare(
        store=f"{folder}/runs",
        retrain=False,
        device="cpu",
        precision="float32",
        normalization=NORMALIZATION,
    )


def test_complexity_from_images_to_a_figure(folder):
    weights = f"{folder}/cnn.safetensors"
    train_cnn.main(
        f"{folder}/pretraining.safetensors",
        weights,
        cnn=CNN,
        context=context(folder),
    )
    made = {
        "table": f"{folder}/complexity.csv",
        "curves": f"{folder}/scree.npz",
        "page": f"{folder}/complexity.md",
    }
    measure_complexity.main(
        embedding_paths=[f"{folder}/embedding.safetensors"],
        image_paths=[f"{folder}/task.safetensors"],
        cnn_path=weights,
        table_path=made["table"],
        curves_path=made["curves"],
        page_path=made["page"],
        experiment="test",
        tasks=["digits"],
        architecture=CNN["architecture"],
        embedding=EMBEDDING,
        normalization=NORMALIZATION,
        device="cpu",
        precision="float32",
    )
    table = read_table(made["table"])
    columns = ["experiment", "task", "group", "model", "dimension", "components_95"]
    assert list(table.columns)[:6] == columns
    models = ["backbone", "lora", "lora", "vpt", "vpt", "cnn"]
    assert table["model"].tolist() == models
    assert table["dimension"].tolist() == [8] * 5 + [12]
    assert set(table["n_images"]) == {60}  # those that were embedded
    with np.load(made["curves"]) as curves:
        assert curves["digits/cnn"].shape == (12,)
        assert curves["digits/lora"].shape == (8,)
    draw_figure.main(
        {"complexity": made["table"], "scree": made["curves"]},
        [f"{folder}/scree.svg"],
        name="scree",
    )
    assert (folder / "scree.svg").stat().st_size > 5000


def test_a_cnn_that_timm_has_trained_is_fetched(folder, monkeypatch):
    weights = {"w": np.ones(2, "f4")}
    monkeypatch.setattr(train_cnn, "fetch_cnn", lambda name: {name: weights["w"]})
    train_cnn.main(
        None,
        f"{folder}/cnn.safetensors",
        cnn={**CNN, "architecture": "resnet10t"},
        context=context(folder),
    )
    (run,) = read_models(f"{folder}/cnn.safetensors").values()
    np.testing.assert_array_equal(run.weights["resnet10t"], weights["w"])
    assert not (folder / "runs").exists()


def test_times_from_tables_to_a_figure(tmp_path, make):
    store = RunStore(tmp_path / "runs")
    models = {}
    for method in ("lora", "vpt"):
        plan = Plan(
            stage="train_method",
            start="",
            method=method,
            hyperparameters={},
            recipe=None,
            data={},
            seed=0,
            setting=Setting(),
        )
        runs = {0: store.ensure(plan, lambda _: ({"train_seconds": 30.0}, {}))}
        models[method] = f"{tmp_path}/{method}.safetensors"
        write_models(models[method], runs)
    truth = make.truth(("digits",), ["lora", "vpt"], seeds=(0,))
    truth = truth.assign(train_seconds=60.0, device="cpu", epochs=3)
    pool = truth[truth["in_pool"]]
    scores = pool.assign(metric="peftdiff", seconds=1.0)
    names = ["experiment", "task", "group", "method", "seed"]
    rows = pool[names].rename(columns={"method": "model"})
    backbone = rows.head(1).assign(model="backbone", seed=np.nan)
    embedded = pd.concat([backbone, rows])
    for name, table in {
        "scores": scores,
        "components": embedded.assign(peftdiff_seconds=1.0),
        "truth": truth,
        "embedding": embedded.assign(seconds=1.0, device="cpu", n_images=500),
    }.items():
        write_table(tmp_path / f"{name}.csv", table)
    machine = {"system": "Linux", "architecture": "x", "cores": 2, "python": "3.11"}
    write_json(tmp_path / "provenance.json", {"machine": machine})
    compare_times.main(
        *(f"{tmp_path}/{name}.csv" for name in ("scores", "components", "truth")),
        embedding_paths=[f"{tmp_path}/embedding.csv"],
        method_paths=list(models.values()),
        poster_path=POSTER,
        provenance_path=f"{tmp_path}/provenance.json",
        path=f"{tmp_path}/timing.csv",
        times_path=f"{tmp_path}/times.csv",
        page_path=f"{tmp_path}/times.md",
        methods=list(models),
        store=str(tmp_path / "runs"),
    )
    timing = read_table(tmp_path / "timing.csv")
    assert timing.groupby("stage")["seconds"].sum().to_dict() == {
        **{"embed": 3.0, "score:peftdiff": 3.0, "fine_tune": 120.0},
        "source_training": 60.0,
    }
    assert "20.0x" in (tmp_path / "times.md").read_text()
    sources = {"times": f"{tmp_path}/times.csv"}
    draw_figure.main(sources, [f"{tmp_path}/times.svg"], name="times")
    assert (tmp_path / "times.svg").stat().st_size > 5000

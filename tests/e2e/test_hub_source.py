"""The source from the hub through the workflow: fetched, decoded, trained on."""

import shutil

import numpy as np
import pytest

from peftdiff.data.images import read_images, read_origin
from tests.helpers import shards
from tests.helpers.server import COMMIT, Hub, serve

pytestmark = pytest.mark.e2e

SOURCE = {
    "hub": {
        "repository": shards.REPOSITORY,
        "files": "data/train-*.parquet",
        "revision": "main",
        "image": "image",
        "label": "label",
    },
    "shots": 8,
    "stored_size": 40,
    "seeds": [0],
}


def test_a_source_from_the_hub_is_fetched_once_and_trained_on(
    project, tmp_path, monkeypatch
):
    files, known = shards.make()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    model = "results/smoke/models/lora.safetensors"
    source = "results/smoke/data/source.safetensors"
    with serve(Hub(shards.REPOSITORY, files)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.refusal = (403, "GatedRepo", "not in the authorized list")
        printed = project.run("--", source, overlay={"source": SOURCE}, succeed=False)
        assert "is refused: accept the terms on http://127.0.0.1" in printed
        assert not list(project.root.glob("results/downloads/sources/*/*"))
        hub.refusal = None
        project.run("--", model, overlay={"source": SOURCE})
    assert (project.root / model).exists()

    images = read_images(str(project.root / source), "train", {"mean": 0, "std": 1})
    assert images.pixels.shape == (24, 40, 40, 3)
    assert np.bincount(images.labels).tolist() == [8, 8, 8]
    assert images.class_names == (tuple(sorted(shards.NAMES)),)
    origin = read_origin(str(project.root / source))["from"]
    read, _ = shards.draw(known, 8, 0)
    assert origin["kind"] == "hub"
    assert origin["repository"] == shards.REPOSITORY
    assert origin["revision"] == COMMIT
    assert [part["file"] for part in origin["shards"]] == read
    assert (origin["shots"], origin["draw_seed"]) == (8, 0)

    # Another experiment finds the images there; the hub is gone.
    shutil.rmtree(tmp_path / "hub")
    other = {"source": SOURCE | {"stored_size": 32}, "experiment": "other"}
    target = "results/other/data/source.safetensors"
    printed = project.run("--", target, overlay=other)
    assert "prepare_source_folder" in printed
    assert "fetch_source" not in printed
    assert read_origin(str(project.root / target))["from"] == origin

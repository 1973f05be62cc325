"""Image files through the whole chain: a downloaded VTAB-1k and an own folder."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from peftdiff.data.files import file_checksum
from peftdiff.data.images import read_images, read_origin
from peftdiff.data.pixels import FilePixels
from tests.helpers import vtab
from tests.helpers.server import Served, serve

pytestmark = pytest.mark.e2e

TASKS = ["kitti", "oxford_iiit_pet", "mine"]


def own_folder(root):
    rng = np.random.default_rng(0)
    for number in range(240):
        path = root / f"class {number % 3}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 90, (16, 24, 3), np.uint8)
        pixels[..., number % 3] += 60
        Image.fromarray(pixels).save(path)
    return root


@pytest.fixture
def archive(tmp_path):
    root = vtab.make(tmp_path / "vtab", ["kitti", "oxford_iiit_pet"], distinct=400)
    return vtab.pack(root, tmp_path / "vtab.zip")


def overlay(archive, served, own):
    return {
        "tasks": [*TASKS, "dtd"],  # the archive lacks the last
        "methods": ["lora", "bitfit"],
        "metrics": ["peftdiff", "logme"],
        "figures": {"map_task": "mine"},
        "data": {
            "missing_tasks": "skip",
            "vtab_hub": None,
            "vtab_url": f"{served.url}/vtab.zip",
            "vtab_sha256": file_checksum(archive),
            "image_folders": {"mine": str(own)},
            "stored_test_gigabytes": 0.005,  # kitti is kept, the pets are streamed
        },
        "source": {"seeds": [0]},
        "embedding": {"split": "test", "max_images": 300},
        "ground_truth": {"seeds": [0], "references": [], "recipe": {"epochs": 1}},
    }


def test_image_files_are_prepared_embedded_scored_and_fine_tuned_on(
    project, archive, tmp_path, monkeypatch
):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    parts = "results/smoke/parts"
    targets = [f"{parts}/scores/{task}.csv" for task in TASKS]
    with serve(Served(archive.read_bytes(), cuts=[100_000])) as served:
        how = overlay(archive, served, own_folder(tmp_path / "own"))
        truth = f"{parts}/ground_truth/oxford_iiit_pet.csv"
        table = "results/smoke/tables/scores.csv"
        project.run("--", *targets, truth, table, overlay=how)
    groups = {}
    for task, target in zip(TASKS, targets, strict=True):
        scores = pd.read_csv(project.root / target)
        assert len(scores) == 2 * 2
        assert np.isfinite(scores["score"]).all()
        (groups[task],) = scores["group"].unique()
    assert list(groups.values()) == ["structured", "natural", "own"]
    accuracies = pd.read_csv(project.root / truth)["accuracy"]
    assert accuracies.between(0, 100).all()

    data = {task: str(project.live / f"data/{task}.safetensors") for task in TASKS}
    images = [read_images(p, "test", {"mean": 0, "std": 1}) for p in data.values()]
    assert [isinstance(i.pixels, FilePixels) for i in images] == [False, True, False]
    source = read_origin(data["kitti"])
    assert source["from"]["sha256"] == file_checksum(archive)
    manifest = project.root / "results/downloads/vtab-1k/source.json"
    assert source["from"] == json.loads(manifest.read_text())

    # The plan had the task that is not there; its jobs said so, the others went on.
    (row,) = pd.read_csv(project.root / parts / "scores/dtd.csv").to_dict("records")
    assert row["unavailable"].endswith("has no folder of the task")
    assert list(pd.read_csv(project.root / table)["task"].unique()) == TASKS
    # At the next start it is known, and named or left out.
    plan = project.run("--dry-run", overlay=how)
    assert "1 of 4 tasks are missing and left out: dtd" in plan
    assert "prepare_vtab" not in plan
    how["data"]["missing_tasks"] = "error"
    printed = project.run("--dry-run", overlay=how, succeed=False)
    assert "1 of 4 tasks are missing: dtd (results/downloads/vtab-1k" in printed

"""The scripts around image files: what a job leaves, done or failed."""

import json

import pandas as pd
import pytest
from PIL import Image

import compare_choices
import draw_contact_sheet
import embed_task
import fetch_vtab
import fine_tune
import map_diffusion
import prepare_image_folder
import prepare_vtab
import record_provenance
import score_task
import search_grid
import validate_recipe
from peftdiff.data.files import file_checksum
from peftdiff.data.images import read_checksums, read_images, read_origin
from peftdiff.models.device import Setting
from peftdiff.records import (
    read_table,
    read_tables,
    unavailable,
    write_json,
    write_table,
    write_unavailable,
)
from peftdiff.runtime import UserError
from peftdiff.stages.context import TrainingContext
from peftdiff.stages.store import RunStore
from tests.helpers import tables, vtab
from tests.helpers.server import Served, serve

PREPARATION = {"size": 16, "interpolation": "bicubic", "stored_bytes": 10**6}
NORMALIZATION = {"mean": 0.5, "std": 0.28}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    root = vtab.make(folder / "tasks", ["kitti", "oxford_iiit_pet"])
    return vtab.pack(root, folder / "vtab.zip")


def fetch(folder, url, **changes):
    arguments = {
        "archive": str(folder / "vtab-1k.zip"),
        "folder": str(folder / "vtab-1k/tasks"),
        "hub": None,
        "url": url,
        "sha256": None,
        "gigabytes": 1.0,
    }
    manifest = folder / "vtab-1k/source.json"
    fetch_vtab.main(str(manifest), **arguments | changes)
    return manifest


def test_a_download_is_unpacked_and_described(archive, tmp_path):
    checksum = file_checksum(archive)
    with serve(Served(archive.read_bytes())) as served:
        manifest = fetch(tmp_path, f"{served.url}/vtab.zip", sha256=checksum)
    assert json.loads(manifest.read_text()) == {
        **{"kind": "url", "url": f"{served.url}/vtab.zip"},
        "archive": str(tmp_path / "vtab-1k.zip"),
        "bytes": archive.stat().st_size,
        "sha256": checksum,
        "tasks": ["oxford_iiit_pet", "kitti"],
    }
    assert (tmp_path / "vtab-1k/tasks/vtab-1k/kitti/test.txt").exists()


@pytest.mark.parametrize(
    ("content", "changes", "sentence"),
    [
        (b"<!doctype html><title>Sign in", {}, "is an HTML page"),
        (None, {"sha256": "ab" * 32}, "config key 'data.vtab_sha256' says abab"),
        (None, {"gigabytes": 1e-6}, "'data.unpacked_gigabytes' allows"),
        (-100, {}, "is cut off or no zip archive"),
    ],
)
def test_a_bad_archive_leaves_no_task(archive, tmp_path, content, changes, sentence):
    if not isinstance(content, bytes):
        content = archive.read_bytes()[:content]
    with serve(Served(content)) as served:
        url = f"{served.url}/vtab.zip"
        with pytest.raises(UserError) as caught:
            fetch(tmp_path, url, **changes)
    assert sentence in str(caught.value)
    # The archive is kept to be looked at; nothing else is there.
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert files == ["vtab-1k.zip"]


def test_an_archive_of_something_else_is_said(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/readme.txt").write_text("no task")
    content = vtab.pack(tmp_path / "other", tmp_path / "other.zip").read_bytes()
    with serve(Served(content)) as served:
        url = f"{served.url}/vtab.zip"
        with pytest.raises(UserError, match=r"vtab-1k\.zip holds no task of VTAB-1k"):
            fetch(tmp_path / "to", url)
    assert not (tmp_path / "to/vtab-1k/source.json").exists()


def prepare(root, path, task="kitti", manifest=None, missing="error"):
    how = {"task": task, "root": str(root), "manifest": manifest, "missing": missing}
    prepare_vtab.main(str(path), **how, preparation=PREPARATION)


def test_a_task_says_where_it_is_from(tmp_path, caplog):
    root = vtab.make(tmp_path / "root", ["kitti"])
    path = tmp_path / "kitti.safetensors"
    prepare(root, path)
    assert "the last 200 training images are not val200's" in caplog.text
    source = read_origin(str(path))
    assert source["from"] == {"kind": "folder", "path": str(root)}
    assert source["folder"] == str(root / "kitti")
    assert source["lists"]["test"] == file_checksum(root / "kitti/test.txt")
    assert source["images"] == {
        **{"train800": 800, "val200": 200, "train800val200": 1000, "test": 711}
    }
    train = read_images(str(path), "train", NORMALIZATION)
    assert train.pixels.shape == (1000, 16, 16, 3)
    assert train.class_names == (("0", "1", "2", "3"),)
    write_json(tmp_path / "source.json", {"kind": "hub"})
    prepare(root, path, manifest=str(tmp_path / "source.json"))
    assert read_origin(str(path))["from"] == {"kind": "hub"}


@pytest.mark.parametrize("split", ["train800", "val200", "train800val200", "test"])
def test_every_image_of_every_list_is_decoded(tmp_path, split):
    root = vtab.make(tmp_path / "root", ["kitti"])
    image = root / "kitti/images" / split / "000002.jpg"
    image.write_bytes(image.read_bytes()[:-100])
    with pytest.raises(UserError, match=rf"{split}/000002\.jpg cannot be decoded"):
        prepare(root, tmp_path / "data/kitti.safetensors")
    assert list((tmp_path / "data").glob("*")) == []


def test_a_task_that_an_archive_lacks_is_named(tmp_path):
    with pytest.raises(UserError, match="has no folder of the task dtd; take it off"):
        prepare(tmp_path, tmp_path / "dtd.safetensors", task="dtd")
    assert list(tmp_path.iterdir()) == []


def test_a_task_that_a_download_lacks_is_unavailable_all_the_way(tmp_path):
    """With `missing_tasks: skip`: each job says so in its turn, the others go on."""
    reason = f"{tmp_path} has no folder of the task"
    images, embedding = (tmp_path / f"{kind}.safetensors" for kind in "ab")
    prepare(tmp_path, images, task="dtd", missing="skip")
    assert unavailable(images) == reason
    context = TrainingContext(RunStore(""), Setting(), NORMALIZATION)
    models = {
        "backbone_path": "no backbone",
        "method_paths": [],
        "sizes_path": None,
        "architecture": {},
        "hyperparameters": {},
    }
    task = {"experiment": "test", "task": "dtd"}
    names = {"names": task | {"group": "natural"}}
    parts = [str(tmp_path / f"{number}.csv") for number in range(7)]
    embed_task.main(
        str(images),
        str(embedding),
        parts[5],
        embedding={},
        normalization=NORMALIZATION,
        device="cpu",
        precision="auto",
        **names,
        **models,
    )
    assert unavailable(embedding) == reason
    truth = names | models | {"truth": {}, "context": context}
    fine_tune.main(str(images), parts[0], selection_path=None, **truth)
    validate_recipe.main(str(images), parts[6], **truth)
    score_task.main(str(embedding), *parts[1:3], **names, metrics={})
    search_grid.main(str(embedding), parts[3], **task, axes={}, peftdiff={})
    how = {"peftdiff": {}, "start_seeds": []}
    compare_choices.main(str(embedding), parts[4], **task, **how)
    for path in parts:
        row = read_table(path).iloc[0].to_dict()
        assert row == {**task, "group": "natural", "unavailable": reason} or (
            row == {**task, "unavailable": reason}
        )
    draw_contact_sheet.main(str(images), str(tmp_path / "sheet.png"), task="dtd")
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    with pytest.raises(UserError, match=r"b\.safetensors is unavailable .* leave"):
        map_diffusion.main(str(embedding), "", "", task="dtd", peftdiff={})
    assert read_checksums(str(images)) == {}


def test_tables_are_collected_without_unavailable_tasks(tmp_path):
    paths = [str(tmp_path / f"{name}.csv") for name in ("dtd", "kitti")]
    write_unavailable(paths[0], "gone", task="dtd")
    with pytest.raises(UserError, match="no task of them is available"):
        read_tables(paths[:1])
    write_table(paths[1], pd.DataFrame({"task": ["kitti"], "score": [1.5]}))
    assert read_tables(paths).to_dict("list") == {"task": ["kitti"], "score": [1.5]}


def test_an_own_folder_becomes_a_task(tmp_path):
    for number in range(12):
        path = tmp_path / "mine" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 5), (20 * number, 0, 0)).save(path)
    made = []
    for name in ("one", "two"):
        made.append(str(tmp_path / f"{name}.safetensors"))
        prepare_image_folder.main(
            made[-1],
            images_path=str(tmp_path / "mine"),
            sizes={"train": 8, "test": 100, "test_share": 0.2},
            seed=1,
            unreadable="error",
            preparation=PREPARATION,
        )
    test = read_images(made[0], "test", NORMALIZATION)
    assert test.pixels.shape == (4, 16, 16, 3)
    assert test.class_names == (("a", "b"),)
    source = read_origin(made[0])
    assert source["from"]["split_seed"] == 1
    assert source["images"] == {"train": {"a": 4, "b": 4}, "test": {"a": 2, "b": 2}}
    assert source["left_out"] == []
    assert "only 4 test images" in source["notes"][-1]
    assert read_origin(made[1]) == source


def test_provenance_says_where_images_are_from_and_what_is_missing(tmp_path):
    truth, path = tmp_path / "truth.csv", tmp_path / "provenance.json"
    tables.truth().assign(device="cpu").to_csv(truth, index=False)
    prepare(vtab.make(tmp_path / "root", ["kitti"]), tmp_path / "kitti.safetensors")
    config = {
        "experiment": "test",
        "source": {"seeds": [0]},
        "ground_truth": {"seeds": [0], "source": "fine_tune"},
    }
    how = {"config": config, "missing": {"dtd": "somewhere has no folder dtd"}}
    images = [str(tmp_path / "kitti.safetensors"), str(tmp_path / "svhn.safetensors")]
    write_unavailable(images[1], "gone")
    record_provenance.main(str(truth), images, str(path), **how)
    record = json.loads(path.read_text())
    assert record["images"]["kitti"]["images"]["test"] == 711
    assert record["images"].keys() == {"kitti"}
    assert record["missing_tasks"] == {**how["missing"], "svhn": "gone"}
    record_provenance.main(str(truth), [], str(path), **how | {"missing": {}})
    assert not {"images", "missing_tasks"} & json.loads(path.read_text()).keys()

"""The source from a dataset on the hub, and everything that goes wrong on the way."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import prepare_source_folder
from peftdiff.runtime import UserError
from tests.helpers import shards
from tests.helpers.project import ROOT
from tests.helpers.server import COMMIT, Hub, serve
from tests.helpers.shards import NAMES, REPOSITORY

HUB = {
    "repository": REPOSITORY,
    "files": "data/train-*.parquet",
    "revision": "main",
    "image": "image",
    "label": "label",
}
CALL = """
import json, sys
import fetch_source
from peftdiff.runtime import job

with job():
    fetch_source.main(*sys.argv[1:3], **json.loads(sys.argv[3]))
"""


class Fetched:
    """What a fetch in a process of its own has left and said.

    The hub's library reads its settings when it is imported.
    """

    def __init__(self, folder, endpoint, home, settings, arguments):
        self.list, self.manifest = folder / "images.csv", folder / "source.json"
        paths = [str(ROOT / "workflow"), str(ROOT / "workflow/scripts")]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "NO_PROXY": "127.0.0.1",
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            **settings,
        }
        done = subprocess.run(
            [
                *(sys.executable, "-c", CALL),
                *(self.list, self.manifest, json.dumps(arguments)),
            ],
            env=environment,
            capture_output=True,
            text=True,
        )
        self.succeeded, self.printed = done.returncode == 0, done.stderr
        errors = [n for n in done.stderr.splitlines() if n.startswith("Error: ")]
        self.error = errors[0] if errors else ""
        self.folder = folder

    @property
    def images(self):
        """The images by file and row, each with its class and content."""
        with open(self.list, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        found = {}
        for row in rows:
            path = Path(row["path"])
            place = "/".join(path.parts[1:-1]), int(path.name)
            found[place] = row["label"], (self.folder / path).read_bytes()
        assert len(found) == len(rows)
        return found

    @property
    def noted(self):
        return json.loads(self.manifest.read_text())


@pytest.fixture
def fetch(tmp_path):
    """Return a function that fetches, with one cache of the hub's for all calls."""
    count = iter(range(100))

    def call(endpoint, shots=5, seed=0, settings=(), folder=None, **changes):
        folder = folder or tmp_path / f"source {next(count)}"
        arguments = {"hub": HUB | changes, "shots": shots, "seed": seed}
        return Fetched(folder, endpoint, tmp_path / "hub", dict(settings), arguments)

    return call


def drawn_by_hand(known, shots, seed, names=NAMES):
    read, places = shards.draw(known, shots, seed)
    return read, {
        (file, row): (names[label], known[file][row][1])
        for (file, row), label in places.items()
    }


@pytest.mark.parametrize(("shots", "seed"), [(5, 0), (5, 1), (12, 0), (1, 7)])
def test_the_draw_is_that_by_hand_whatever_is_cached(fetch, shots, seed):
    files, known = shards.make()
    read, images = drawn_by_hand(known, shots, seed)
    with serve(Hub(REPOSITORY, files)) as hub:
        fetched = fetch(hub.url, shots, seed)
        assert fetched.succeeded, fetched.printed
        assert fetched.images == images
        assert len(read) < len(known)
        assert hub.downloads() == ["README.md", *read]
        assert [part["file"] for part in fetched.noted["shards"]] == read
        warm = fetch(hub.url, 20, 3)  # another choice, of other files
        assert warm.succeeded, warm.printed
        again = fetch(hub.url, shots, seed)
    assert again.images == images
    assert again.manifest.read_bytes() == fetched.manifest.read_bytes()
    assert again.list.read_bytes() == fetched.list.read_bytes()


def test_files_sorted_by_class_are_read_as_far_as_it_takes(fetch):
    files, known = shards.make(shuffled=False)
    read, images = drawn_by_hand(known, 5, 2)
    with serve(Hub(REPOSITORY, files)) as hub:
        fetched = fetch(hub.url, 5, 2)
        assert hub.downloads() == ["README.md", *read]
        everything = fetch(hub.url, 40, 2)  # all there are
    assert fetched.images == images
    assert len(everything.images) == 120
    assert everything.noted["shots"] == 40


@pytest.mark.parametrize("pairs", [True, False])
def test_without_names_of_classes_all_files_are_read(fetch, pairs):
    files, known = shards.make(names=None, pairs=pairs)
    with serve(Hub(REPOSITORY, files)) as hub:
        fetched = fetch(hub.url)
        assert sorted(hub.downloads()[1:]) == sorted(known)
    assert sorted({label for label, _ in fetched.images.values()}) == ["0", "1", "2"]
    for (file, row), (label, content) in fetched.images.items():
        assert (int(label), content) == known[file][row]


def test_the_manifest_says_where_the_images_are_from(fetch):
    files, _ = shards.make()
    with serve(Hub(REPOSITORY, files)) as hub:
        noted = fetch(hub.url, revision=COMMIT).noted
    parts = noted.pop("shards")
    assert noted == {
        **{"kind": "hub", "repository": REPOSITORY, "revision": COMMIT},
        **{"files": HUB["files"], "image": "image", "label": "label"},
        **{"shots": 5, "draw_seed": 0},
    }
    for part in parts:
        content = files[part["file"]]
        assert part["bytes"] == len(content)
        assert part["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_transfer_that_breaks_off_goes_on_by_itself(fetch):
    files, known = shards.make()
    with serve(Hub(REPOSITORY, files, cuts=[None, 1000])) as hub:
        fetched = fetch(hub.url)
    assert fetched.images == drawn_by_hand(known, 5, 0)[1]


def test_once_fetched_it_needs_no_network(fetch):
    files, _ = shards.make()
    with serve(Hub(REPOSITORY, files)) as hub:
        online = fetch(hub.url)
        asked = len(hub.asked)
        offline = fetch(hub.url, settings={"HF_HUB_OFFLINE": "1"})
        assert len(hub.asked) == asked
        fewer = fetch(hub.url, shots=4, settings={"HF_HUB_OFFLINE": "1"})
        more = fetch(hub.url, shots=39, settings={"HF_HUB_OFFLINE": "1"})
    gone = fetch(hub.url)  # nobody is there any more
    for fetched in (offline, gone):
        assert fetched.succeeded, fetched.printed
        assert fetched.manifest.read_bytes() == online.manifest.read_bytes()
        assert fetched.images == online.images
    assert fewer.succeeded
    assert "parquet of the dataset somebody/flowers (revision main)" in more.error
    assert not more.manifest.exists()


def test_what_is_not_there_without_a_network_is_a_sentence(fetch):
    with serve(Hub(REPOSITORY, {})) as hub:
        offline = fetch(hub.url, settings={"HF_HUB_OFFLINE": "1"})
    gone = fetch(hub.url)
    for fetched in (offline, gone):
        assert "the list of files of the dataset somebody/flowers" in fetched.error
        assert "check the network and config key 'source.hub'" in fetched.error
        assert "or give config key 'source.folder'" in fetched.error


@pytest.mark.parametrize(
    "refusal",
    [
        (401, "GatedRepo", "Access to dataset somebody/flowers is restricted."),
        (403, "GatedRepo", "you are not in the authorized list"),
        (403, "", "Forbidden"),
        (401, "", "Invalid credentials in Authorization header"),
    ],
)
def test_a_refusal_says_how_to_be_let_in(fetch, refusal):
    files, _ = shards.make()
    with serve(Hub(REPOSITORY, files, refusal=refusal)) as hub:
        fetched = fetch(hub.url)
    page = f"{hub.url}/datasets/{REPOSITORY}"
    assert f"is refused: accept the terms on {page}, log in to the hub" in fetched.error
    assert "(hf auth login, or HF_TOKEN)" in fetched.error
    assert fetched.error.endswith("or give config key 'source.folder'")
    assert not fetched.manifest.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"repository": "nobody/flowers"}, "'source.hub.repository', log in to the"),
        ({"revision": "v2"}, "has no revision v2; correct config key 'source.hub.rev"),
        (
            {"files": "data/test-*"},
            "'source.hub.files' is data/test-*, which none of the 8 files of",
        ),
        ({"files": "README*"}, "README.md is no whole Parquet file ("),
        ({"files": "data/*"}, "00000-of-00001.parquet is no whole Parquet file ("),
        ({"image": "picture"}, "has no column 'picture', but image, label; correct"),
        ({"label": "class"}, "correct config key 'source.hub.label'"),
        ({"label": "image"}, "holds neither integers nor text; correct config key"),
        ({"image": "label"}, "holds no encoded images; correct config key 'source.hub"),
        ({"shots": 41}, "class tench, Tinca tinca has 40 images in all 6 files of"),
    ],
)
def test_a_wrong_key_is_a_sentence_that_names_it(fetch, changes, sentence):
    files, _ = shards.make()
    with serve(Hub(REPOSITORY, files)) as hub:
        fetched = fetch(hub.url, **({"shots": 30} | changes))
    assert sentence in fetched.error
    assert not fetched.manifest.exists()
    assert not fetched.list.exists()


def test_a_page_in_place_of_a_file_is_told_and_no_half_is_taken(fetch):
    files, known = shards.make()
    read, images = drawn_by_hand(known, 20, 0)
    page = b"<!DOCTYPE html><title>Sign in" + bytes(100)
    with serve(Hub(REPOSITORY, files | {read[1]: page})) as hub:
        fetched = fetch(hub.url, 20)
        assert "is an HTML page, no Parquet file" in fetched.error
        assert "correct config key 'source.hub.files', or delete " in fetched.error
        assert not fetched.manifest.exists()
        Path(fetched.error.split("or delete ")[1].split(", which")[0]).unlink()
        hub.files = files
        before = len(hub.downloads())
        fetched = fetch(hub.url, 20)
        assert hub.downloads()[before:] == read[1:]  # what was whole was kept
    assert fetched.images == images


def test_an_image_that_cannot_be_decoded_is_named_by_file_and_row(fetch, tmp_path):
    name = "data/train-0.parquet"
    images = [*map(shards.picture, range(29)), b"no image"]
    files = {name: shards.encode([row % 3 for row in range(30)], images)}
    with serve(Hub(REPOSITORY, files)) as hub:
        fetched = fetch(hub.url, shots=10)
    preparation = {"size": 8, "interpolation": "bicubic", "stored_bytes": 0}
    with pytest.raises(UserError, match=f"{name}/000029 cannot be decoded"):
        prepare_source_folder.main(
            str(tmp_path / "source.safetensors"),
            images_path=str(fetched.list),
            unreadable="error",
            manifest=str(fetched.manifest),
            images=1,
            shots=10,
            seed=0,
            stored_size=None,
            preparation=preparation,
        )


def test_what_a_killed_fetch_left_is_cleared_away(fetch):
    files, known = shards.make()
    with serve(Hub(REPOSITORY, files)) as hub:
        fetched = fetch(hub.url)
        (fetched.folder / "images/data/stray.parquet").mkdir()
        (fetched.folder / "images/data/stray.parquet/000001").touch()
        Path(next(fetched.folder.glob("images/data/train*/*"))).write_bytes(b"half")
        fetched.manifest.unlink()
        again = fetch(hub.url, folder=fetched.folder)
    assert again.images == drawn_by_hand(known, 5, 0)[1]
    left = [path for path in again.folder.rglob("*") if path.is_file()]
    assert len(left) == len(again.images) + 2


def test_a_full_disk_is_a_sentence(fetch, tmp_path):
    files, _ = shards.make()
    full = tmp_path / "sitecustomize.py"
    full.write_text(
        "import collections, shutil\n"
        "usage = collections.namedtuple('usage', 'total used free')\n"
        "shutil.disk_usage = lambda _: usage(10**9, 10**9, 1000)\n"
    )
    with serve(Hub(REPOSITORY, files)) as hub:
        paths = [tmp_path, ROOT / "workflow", ROOT / "workflow/scripts"]
        path = os.pathsep.join(map(str, paths))
        fetched = fetch(hub.url, settings={"PYTHONPATH": path})
    assert "of somebody/flowers needs 0.00 GB, and" in fetched.error
    assert "free some, or link the folder to a larger disk" in fetched.error

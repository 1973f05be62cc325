"""A folder of VTAB-1k: which tasks it has, and whether a task is whole."""

import numpy as np
import pytest

from peftdiff.data.files import file_checksum
from peftdiff.runtime import UserError
from peftdiff.tasks import TASKS, group_of, missing_tasks, present_tasks
from peftdiff.tasks.vtab import (
    TRAIN,
    existing_lists,
    holds_out_val200,
    read_task,
    task_folder,
)
from tests.helpers import vtab

KITTI, CIFAR, PET = TASKS["kitti"], TASKS["cifar"], TASKS["oxford_iiit_pet"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All 19 tasks."""
    return vtab.make(tmp_path_factory.mktemp("vtab"))


@pytest.fixture
def root(tmp_path):
    return vtab.make(tmp_path, ["kitti", "cifar"])


def change(path, number, line):
    lines = path.read_text().splitlines()
    lines[number : number + 1] = line
    path.write_text("\n".join(lines))


def test_every_task_is_found_and_read(whole):
    assert missing_tasks(vtab.ALL, whole, {}) == {}
    for slug in vtab.ALL:
        task = TASKS[slug]
        lists, checksums = read_task(task_folder(whole, task), task)
        counts = {name: len(files.labels) for name, files in lists.items()}
        assert counts == {
            **{"train800": 800, "val200": 200, "train800val200": 1000},
            "test": task.test_images,
        }
        assert checksums.keys() == counts.keys()
        assert all(np.array(files.labels).max() >= 1 for files in lists.values())
        assert all((f.folder / f.names[0]).is_file() for f in lists.values())


def test_folders_go_by_other_names_and_may_lie_one_level_deeper(whole, tmp_path):
    assert task_folder(whole, CIFAR).name == "cifar100"
    assert task_folder(whole, PET).name == "oxford_pet"
    nested = vtab.make(tmp_path / "vtab-1k", ["kitti", "cifar"])
    assert task_folder(tmp_path, CIFAR) == nested / "cifar100"
    assert task_folder(tmp_path, PET) is None
    assert task_folder(tmp_path / "nowhere", PET) is None


def test_two_folders_of_one_task_are_named(root):
    (root / "cifar").mkdir()
    with pytest.raises(UserError, match=r"cifar and .*cifar100 could both be .* cifar"):
        task_folder(root, CIFAR)


def test_checksums_are_those_of_the_lists(root):
    _, checksums = read_task(root / "kitti", KITTI)
    lists = existing_lists(root, KITTI)
    assert {path.stem for path in lists} == set(checksums)
    for path in lists:
        assert checksums[path.stem] == file_checksum(path)


def test_lists_that_are_not_there_are_left_out(root, tmp_path):
    (root / "kitti/val200.txt").unlink()
    assert "val200" not in {path.stem for path in existing_lists(root, KITTI)}
    assert existing_lists(tmp_path / "nowhere", KITTI) == []


@pytest.mark.parametrize(
    ("number", "line", "sentence"),
    [
        (
            5,
            ["images/test/000000.jpg 4"],
            r"line 6 of .*test\.txt has the label 4; the",
        ),
        (0, ["images/test/000000.jpg -1"], r"line 1 of .*test\.txt is 'images/test/0"),
        (0, ["images/test/000000.jpg"], "it must be an image below this folder and"),
        (0, ["images/test/000000.jpg x"], "and a label"),
        (0, ["../other/000000.jpg 1"], "line 1 of"),
        (0, ["/etc/passwd 1"], "line 1 of"),
        (0, [""], "line 1 of"),
        (0, [], r"test\.txt lists 710 images, VTAB-1k's kitti has 711; get a complete"),
        (0, ["images/test/000000.jpg 1"] * 2, "lists 712 images"),
    ],
)
def test_a_list_that_is_wrong_is_a_sentence(root, number, line, sentence):
    change(root / "kitti/test.txt", number, line)
    with pytest.raises(UserError, match=sentence) as caught:
        read_task(root / "kitti", KITTI)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["train800", "val200", "train800val200"])
def test_every_list_is_checked(root, name):
    path = root / "kitti" / f"{name}.txt"
    change(path, 0, [])
    with pytest.raises(UserError, match=rf"{name}\.txt lists \d+ images"):
        read_task(root / "kitti", KITTI)
    path.unlink()
    with pytest.raises(UserError, match=rf"{name}\.txt is missing; get a complete"):
        read_task(root / "kitti", KITTI)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=rf"{name}\.txt is not a text file"):
        read_task(root / "kitti", KITTI)


def test_twelve_of_nineteen_tasks(tmp_path):
    root = vtab.make(tmp_path, vtab.ALL[:12])
    missing = missing_tasks(vtab.ALL, root, {})
    assert list(missing) == vtab.ALL[12:]
    assert missing["kitti"] == f"{root} has no folder kitti"
    how = {"map_task": "dtd"}
    left = present_tasks(vtab.ALL, missing, skip=True, **how)
    assert left == vtab.ALL[:12]
    with pytest.raises(UserError, match=r"7 of 19 tasks are missing: clevr_d.*'skip'"):
        present_tasks(vtab.ALL, missing, skip=False, **how)
    with pytest.raises(UserError, match=r"'figures\.map_task' is one of them"):
        present_tasks(vtab.ALL, missing, skip=True, map_task="kitti")
    with pytest.raises(UserError, match="none is left"):
        present_tasks(["kitti"], missing, skip=True, **how)


def test_nothing_is_known_to_be_missing_before_a_download():
    assert missing_tasks(["digits", *vtab.ALL], None, {}) == {}
    assert present_tasks(["digits"], {}, skip=False, map_task="digits") == ["digits"]


def test_own_tasks_are_missing_where_their_path_is(tmp_path):
    own = {"mine": str(tmp_path), "yours": str(tmp_path / "nowhere")}
    missing = missing_tasks(["mine", "yours"], None, own)
    assert missing == {"yours": f"{tmp_path / 'nowhere'} does not exist"}


def test_groups_of_tasks():
    assert group_of("kitti") == "structured"
    assert group_of("cells") == "specialized"
    assert group_of("mine") == "own"


def in_vtabs_order(folder):
    """Make the 1,000 training images the 800 and then the 200, as VTAB does."""
    lines = []
    for part in ("train800", "val200"):
        for line in (folder / f"{part}.txt").read_text().splitlines():
            name, label = line.split(" ")
            copy = f"images/{TRAIN}/{len(lines):06d}.jpg"
            (folder / copy).write_bytes((folder / name).read_bytes())
            lines.append(f"{copy} {label}")
    (folder / f"{TRAIN}.txt").write_text("\n".join(lines))
    return lines


def test_the_last_training_images_are_val200_or_are_said_not_to_be(root):
    folder = root / "kitti"
    # The small copy draws each list for itself.
    assert not holds_out_val200(read_task(folder, KITTI)[0])
    lines = in_vtabs_order(folder)
    assert holds_out_val200(read_task(folder, KITTI)[0])
    shuffled = [lines[-1], *lines[1:-1], lines[0]]
    (folder / f"{TRAIN}.txt").write_text("\n".join(shuffled))
    assert not holds_out_val200(read_task(folder, KITTI)[0])
    name, label = lines[0].split(" ")
    other = [f"{name} {(int(label) + 1) % 4}", *lines[1:]]
    (folder / f"{TRAIN}.txt").write_text("\n".join(other))
    assert not holds_out_val200(read_task(folder, KITTI)[0])

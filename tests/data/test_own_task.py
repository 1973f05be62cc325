"""A user's images become a task, and what there is to say is said."""

import pytest
from PIL import Image

from peftdiff.data.changes import listing_digest
from peftdiff.data.duplicates import content_groups
from peftdiff.data.folders import read_own_task
from peftdiff.data.own_task import counts_by_class, split_own_task
from peftdiff.data.splits import WHOLE
from peftdiff.data.stratified import Sizes
from peftdiff.runtime import UserError

SIZES = Sizes(train=1000, test=2000, test_share=0.25)


def fill(folder, count, shade=0):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        color = (shade + number, 10, 10)
        Image.new("RGB", (4, 4), color).save(folder / f"{number:03d}.png")


def task(root, seed=0):
    return split_own_task(read_own_task(root), SIZES, seed)


def test_what_is_set_aside_and_too_little_is_said(tmp_path):
    fill(tmp_path / "a", 20)
    fill(tmp_path / "b", 20, shade=100)
    made = task(tmp_path)
    assert counts_by_class(made.splits, ("a", "b")) == {
        **{"train": {"a": 15, "b": 15}, "test": {"a": 5, "b": 5}}
    }
    assert len(made.notes) == 2
    assert "only 10 test images" in made.notes[1]
    assert "10.0 points" in made.notes[1]


def test_copies_and_conflicting_labels_are_listed(tmp_path):
    fill(tmp_path / "a", 40)
    fill(tmp_path / "b", 40, shade=100)
    (tmp_path / "b/copy.png").write_bytes((tmp_path / "a/000.png").read_bytes())
    (tmp_path / "b/again.png").write_bytes((tmp_path / "b/001.png").read_bytes())
    found = read_own_task(tmp_path)
    files = found.splits[WHOLE]
    groups = dict(zip(files.names, content_groups(files), strict=True))
    assert groups["b/copy.png"] == groups["a/000.png"]
    assert groups["b/again.png"] == groups["b/001.png"]
    assert len(set(groups.values())) == 80
    made = task(tmp_path)
    assert "2 of 82 images are copies" in made.notes[0]
    assert "a/000.png = b/copy.png" in made.notes[1]
    assert "a, b" in made.notes[1]
    for seed in range(10):
        parts = task(tmp_path, seed).splits
        sides = [{groups[name] for name in part.names} for part in parts.values()]
        assert not sides[0] & sides[1]


def test_the_users_own_splits_are_respected(tmp_path):
    fill(tmp_path / "train/a", 30)
    fill(tmp_path / "train/b", 30, shade=100)
    fill(tmp_path / "val/a", 5, shade=200)
    fill(tmp_path / "test/a", 40, shade=40)
    (tmp_path / "test/a/copy.png").write_bytes(
        (tmp_path / "train/a/000.png").read_bytes()
    )
    made = task(tmp_path)
    assert all(name.startswith("train/") for name in made.splits["train"].names)
    assert all(name.startswith("test/") for name in made.splits["test"].names)
    assert len(made.splits["train"].names) == 60
    assert [each.name for each in made.unused] == [
        f"val/a/{n:03d}.png" for n in range(5)
    ]
    said = " ".join(made.notes)
    assert "no test image is of b" in said
    assert "1 test images are copies of training images" in said


def test_validation_images_test_where_there_are_no_others(tmp_path):
    for split, shade in (("train", 0), ("val", 100)):
        fill(tmp_path / split / "a", 30, shade)
        fill(tmp_path / split / "b", 30, shade + 50)
    made = task(tmp_path)
    assert len(made.splits["test"].names) == 60
    assert not made.unused


def test_a_class_that_is_only_tested_is_refused(tmp_path):
    for place in ("train/a", "train/b", "test/c"):
        fill(tmp_path / place, 3)
    with pytest.raises(UserError, match="has images of c in test, but none in train"):
        task(tmp_path)


def test_training_images_alone_are_divided(tmp_path):
    fill(tmp_path / "train/a", 40)
    fill(tmp_path / "train/b", 40, shade=100)
    assert {name: len(p.names) for name, p in task(tmp_path).splits.items()} == {
        **{"train": 60, "test": 20}
    }


@pytest.fixture
def table(tmp_path):
    fill(tmp_path / "a", 3)
    fill(tmp_path / "b", 3)
    path = tmp_path / "pets.csv"
    path.write_text("path,label\na/000.png,x\nb/000.png,y\n")
    return path


CHANGES = {
    "added": lambda root: fill(root / "a", 4),
    "moved": lambda root: (root / "a/000.png").rename(root / "b/900.png"),
    "renamed": lambda root: (root / "a/000.png").rename(root / "a/900.png"),
    "deleted": lambda root: (root / "b/001.png").unlink(),
    "replaced": lambda root: Image.new("RGB", (9, 9)).save(root / "b/001.png"),
    "a class renamed": lambda root: (root / "a").rename(root / "c"),
    "deep": lambda root: fill(root / "a/deep/deeper", 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_below_a_folder_is_noticed(table, change):
    before = listing_digest(table.parent)
    assert listing_digest(table.parent) == before
    change(table.parent)
    assert listing_digest(table.parent) != before


def test_what_is_hidden_changes_nothing(table):
    before = listing_digest(table.parent)
    (table.parent / "a/.DS_Store").write_text("x")
    (table.parent / ".ipynb_checkpoints").mkdir()
    assert listing_digest(table.parent) == before


def test_of_a_table_the_content_and_the_listed_files_count(table):
    before = listing_digest(table)
    fill(table.parent / "a/unlisted", 1)
    assert listing_digest(table) == before
    Image.new("RGB", (9, 9)).save(table.parent / "a/000.png")
    changed = listing_digest(table)
    assert changed != before
    table.write_text(table.read_text() + "a/001.png,x\n")
    assert listing_digest(table) not in (before, changed)
    assert listing_digest(table.parent / "nowhere") == listing_digest("neither")

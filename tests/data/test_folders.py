"""Tasks of one's own, from a folder or a CSV file."""

import numpy as np
import pytest
from PIL import Image

from peftdiff.data.files import ImageFiles, listing_checksum
from peftdiff.data.folders import read_own_task
from peftdiff.data.sampling import split_task
from peftdiff.runtime import UserError


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pets"
    for place in ("cats/a.jpg", "cats/more/b.PNG", "dogs/c.webp", "dogs/d.jpeg"):
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    (root / "dogs/notes.txt").write_text("no image")
    (root / "readme.jpg").write_text("of no class")
    return root


def test_class_folders_are_classes(folder):
    files, classes = read_own_task(folder)
    assert classes == ("cats", "dogs")
    assert list(files.names) == [
        *("cats/a.jpg", "cats/more/b.PNG", "dogs/c.webp", "dogs/d.jpeg")
    ]
    assert list(files.labels) == [0, 0, 1, 1]
    assert files.folder == folder


def test_a_table_names_paths_from_its_own_folder_and_labels(folder, tmp_path):
    table = tmp_path / "pets.csv"
    other = folder / "dogs/c.webp"
    table.write_text(f"label,path\n10,pets/cats/a.jpg\n9,{other}\n")
    files, classes = read_own_task(table)
    assert classes == ("9", "10")
    assert list(files.labels) == [1, 0]
    assert [files.folder / name for name in files.names] == [
        folder / "cats/a.jpg",
        other,
    ]
    table.write_text("path,label\na.jpg,b\nb.jpg,10\n")
    assert read_own_task(table)[1] == ("10", "b")


def test_a_table_is_taken_at_its_word(tmp_path):
    table = tmp_path / "pets.csv"
    table.write_text('path,label\n1,NA\n01,null\n2,"a, ""b/c"""\n3,007\n')
    files, classes = read_own_task(table)
    assert list(files.names) == ["1", "01", "2", "3"]
    assert set(classes) == {"NA", "null", 'a, "b/c"', "007"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("path,class\na,b\n", r"pets\.csv lacks the columns label"),
        ("", r"pets\.csv is not a readable table"),
        ("path,label\na,b\nc,\n", r"line 3 of .*pets\.csv lacks a path or a label"),
        ("path,label\na,b\n", "has images of 1 classes; at least two are needed"),
    ],
)
def test_a_table_that_is_wrong_is_a_sentence(tmp_path, text, sentence):
    (tmp_path / "pets.csv").write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_own_task(tmp_path / "pets.csv")


def test_a_folder_that_is_wrong_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="has images of 0 classes"):
        read_own_task(tmp_path)
    with pytest.raises(UserError, match="nowhere is neither a folder nor a file"):
        read_own_task(tmp_path / "nowhere")


def test_the_split_is_seeded_and_disjoint(folder):
    files, _ = read_own_task(folder)
    splits = split_task(files, 2, 5, seed=0)
    assert {name: len(part.labels) for name, part in splits.items()} == {
        **{"train": 2, "test": 2}
    }
    names = [name for part in splits.values() for name in part.names]
    assert sorted(names) == sorted(files.names)
    labels = dict(zip(files.names, files.labels, strict=True))
    for part in splits.values():
        assert [labels[name] for name in part.names] == list(part.labels)
    again = [split_task(files, 2, 5, seed)["train"] for seed in (0, *range(20))]
    assert list(again[0].names) == list(splits["train"].names)
    assert len({tuple(part.names) for part in again}) > 1
    sums = {listing_checksum(part) for part in again}
    assert len(sums) == len({tuple(part.names) for part in again})


def test_test_images_are_bounded_and_needed(folder):
    files, _ = read_own_task(folder)
    splits = split_task(files, 1, 2, seed=3)
    assert [len(part.labels) for part in splits.values()] == [1, 2]
    with pytest.raises(UserError, match=r"pets has 4 images, and .* wants 4 of them"):
        split_task(files, 4, 2, seed=3)


def test_a_large_listing_splits_into_near_equal_shares():
    labels = np.arange(2000) % 2
    files = ImageFiles("", [f"{i}.jpg" for i in range(2000)], labels.tolist())
    train = split_task(files, 1000, 1000, seed=0)["train"]
    assert 440 < sum(train.labels) < 560
    assert 60 < sum(train.labels[800:]) < 140  # the held-out fifth

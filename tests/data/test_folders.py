"""Tasks of one's own, from a folder: what is an image, of which class, what is left."""

import os

import pytest
from PIL import Image

from peftdiff.data.folders import read_own_task, read_source_folder, sorted_classes
from peftdiff.data.left_out import tally
from peftdiff.data.splits import WHOLE
from peftdiff.runtime import UserError


def image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4)).save(path, format="PNG")


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pets"
    for place in ("cats/a.jpg", "cats/more/b.PNG", "dogs/c.webp", "dogs/d.jpeg"):
        image(root / place)
    return root


def names(found, split=WHOLE):
    return list(found.splits[split].names)


def reasons(found):
    return {each.name: each.reason for each in found.left_out}


def test_class_folders_are_classes(folder):
    found = read_own_task(folder)
    files = found.splits[WHOLE]
    assert found.classes == ("cats", "dogs")
    assert names(found) == [
        "cats/a.jpg",
        "cats/more/b.PNG",
        "dogs/c.webp",
        "dogs/d.jpeg",
    ]
    assert list(files.labels) == [0, 0, 1, 1]
    assert files.folder == folder
    assert not found.left_out


def test_an_image_is_one_whatever_its_name(folder):
    for name in ("dogs/IMG_1234", "dogs/photo.backup", "dogs/x.heic"):
        image(folder / name)
    assert {"dogs/IMG_1234", "dogs/photo.backup", "dogs/x.heic"} <= set(
        names(read_own_task(folder))
    )


def test_what_is_no_image_is_left_out_by_reason_and_class(folder):
    (folder / "dogs/notes.txt").write_text("no image")
    (folder / "cats/labels.json").write_text("{}")
    (folder / "readme.md").write_text("of no class")
    image(folder / "loose.jpg")
    (folder / "empty").mkdir()
    os.mkfifo(folder / "cats/pipe")
    found = read_own_task(folder)
    assert len(names(found)) == 4
    assert found.classes == ("cats", "dogs")
    counts = {row["reason"]: row["by_class"] for row in tally(found.left_out)}
    assert counts.pop("not an image") == {"": 1, "cats": 1, "dogs": 1}
    assert sorted(map(str, counts.values())) == [
        "{'': 1}",
        "{'cats': 1}",
        "{'empty': 1}",
    ]
    assert all(len(row["first"]) == row["count"] for row in tally(found.left_out))


@pytest.mark.parametrize(
    "place",
    [
        *(".ipynb_checkpoints/a.png", "cats/.ipynb_checkpoints/a-checkpoint.png"),
        *("__MACOSX/cats/a.png", "cats/._a.jpg", "Thumbs.db", "@eaDir/a.png"),
        *("$RECYCLE.BIN/a.png", "dogs/.DS_Store", ".git/objects/a"),
    ],
)
def test_hidden_and_system_entries_are_neither_classes_nor_images(folder, place):
    image(folder / place)
    found = read_own_task(folder)
    assert found.classes == ("cats", "dogs")
    assert len(names(found)) == 4
    assert len(found.left_out) == 1


def test_links_are_followed_but_not_in_circles(folder, tmp_path):
    image(tmp_path / "elsewhere/e.png")
    (folder / "dogs/linked").symlink_to(tmp_path / "elsewhere")
    (folder / "birds").symlink_to(tmp_path / "elsewhere")
    (folder / "cats/up").symlink_to(folder)
    found = read_own_task(folder)
    assert {"dogs/linked/e.png", "birds/e.png"} <= set(names(found))
    assert list(reasons(found)) == ["cats/up"]


def test_a_class_that_loses_images_stops_with_what_to_do(folder):
    for number in range(20):
        image(folder / f"dogs/{number}.png")
    (folder / "dogs/gone.png").symlink_to(folder / "nowhere")
    assert len(read_own_task(folder).left_out) == 1  # one of 23
    for number in range(4):
        (folder / f"dogs/gone_{number}.png").symlink_to(folder / "nowhere")
    with pytest.raises(UserError, match=r"class dogs .* loses 5 of 27 .* 'skip'"):
        read_own_task(folder)
    assert len(read_own_task(folder, skip_lost=True).left_out) == 5


def test_a_class_that_loses_all_stops_even_where_some_may_be_lost(folder):
    (folder / "birds").mkdir()
    (folder / "birds/a.png").symlink_to(folder / "nowhere")
    for skip in (False, True):
        with pytest.raises(UserError, match=r"class birds .* loses all"):
            read_own_task(folder, skip_lost=skip)


def test_a_folder_that_cannot_be_read_is_a_loss(folder, monkeypatch):
    def scandir(path, scan=os.scandir):
        if os.path.basename(path) == "dogs":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    image(folder / "birds/a.png")
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UserError, match=r"class dogs .* loses all .* cannot be read"):
        read_own_task(folder)


@pytest.mark.parametrize("train", ["train", "Training", "TRAIN"])
@pytest.mark.parametrize("test", ["test", "val", "Validation"])
def test_split_folders_are_splits(tmp_path, train, test):
    for place in ("a/1.png", "b/2.png", "b/deep/3.png"):
        image(tmp_path / train / place)
        image(tmp_path / test / place)
    image(tmp_path / train / "loose.png")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/a.xml").write_text("<a/>")
    found = read_own_task(tmp_path)
    assert found.classes == ("a", "b")
    assert names(found, "train") == [
        f"{train}/{p}" for p in ("a/1.png", "b/2.png", "b/deep/3.png")
    ]
    assert len(found.splits) == 2
    assert set(reasons(found)) == {f"{train}/loose.png", "annotations/a.xml"}


@pytest.mark.parametrize(
    "other",
    ["validation/a/1.png", "ILSVRC_devkit/data/1.png", "more/1.png", "x/y/z/1.png"],
)
def test_of_a_source_train_is_taken_whatever_lies_beside(tmp_path, other):
    for place in ("a/1.png", "b/2.png"):
        image(tmp_path / "train" / place)
    image(tmp_path / other)
    found = read_source_folder(tmp_path)
    assert found.classes == ("a", "b")
    assert names(found) == ["train/a/1.png", "train/b/2.png"]
    assert [each.name for each in found.left_out] == [other]


def test_a_class_may_be_called_train(tmp_path):
    for name in ("car", "train", "bus"):
        image(tmp_path / name / "a.png")
    for read in (read_own_task, read_source_folder):
        assert read(tmp_path).classes == ("bus", "car", "train")


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        (
            ["train/a/1.png", "train/b/1.png", "cats/1.png"],
            "look like splits, beside cats",
        ),
        (["val/a/1.png", "test/a/1.png"], "no folder train"),
        (["train/1.png", "test/1.png"], "no folders of classes in them"),
        (["train/a/1.png", "Training/a/1.png"], "all look like the split train"),
        (["pets/a/1.png", "pets/b/1.png"], "give .*pets if they are"),
        (["a/1.png"], "of 1 class;"),
        ([], "of 0 classes;"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path, places, sentence):
    for place in places:
        image(tmp_path / place)
    with pytest.raises(UserError, match=sentence):
        read_own_task(tmp_path)


def test_a_path_to_nothing_names_its_key(tmp_path):
    with pytest.raises(
        UserError, match=r"neither a folder nor a file; .*image_folders"
    ):
        read_own_task(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"config key 'source\.folder'"):
        read_source_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "odd",
    [
        "$a$ $b$",
        "caf\u00e9",
        "\u4e2d\u6587",
        "\U0001f600",
        "a\nb",
        "x" * 200,
        "{task}",
        "nan",
    ],
)
def test_any_name_is_a_class(folder, odd):
    image(folder / odd / "a.png")
    assert odd in read_own_task(folder).classes


def test_a_name_that_is_no_text_is_a_class_and_printable_where_it_is_told(folder):
    odd = os.fsdecode(b"caf\xe9")
    image(folder / odd / "a.png")
    (folder / odd / "b.txt").write_text("")
    found = read_own_task(folder)
    assert odd in found.classes
    assert tally(found.left_out)[0]["first"] == ["caf\\udce9/b.txt"]


def test_classes_have_one_order():
    for labels in (["1", "01", "2", "10"], ["10", "2", "01", "1"]):
        assert sorted_classes(labels) == ("01", "1", "2", "10")
    assert sorted_classes(["b", "10", "9"]) == ("10", "9", "b")

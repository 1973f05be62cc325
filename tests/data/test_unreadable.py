"""Images that cannot be decoded: all are named at once, or left out and counted."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import prepare_image_folder
import prepare_source_folder
from peftdiff.data.files import ImageFiles
from peftdiff.data.images import read_images, read_origin
from peftdiff.data.left_out import tally
from peftdiff.data.preparation import Preparation, write_prepared
from peftdiff.data.unreadable import leave_out_undecodable, naming_all_undecodable
from peftdiff.runtime import UserError

HOW = Preparation(8, "bicubic", 1e9)
PREPARATION = {"size": 8, "interpolation": "bicubic", "stored_bytes": 1e9}
SIZES = {"train": 20, "test": 30, "test_share": 0.2}
CLASSES = ("cat", "dog", "caf\u00e9")
NORMALIZATION = {"mean": 0.5, "std": 0.28}


@pytest.fixture
def files(tmp_path):
    """Sixty images of three classes, of which nothing is damaged yet."""
    rng = np.random.default_rng(0)
    names = [f"{CLASSES[row % 3]}/{row:02d}.png" for row in range(60)]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = rng.integers(0, 256, (9, 9, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    return ImageFiles(tmp_path, names, [row % 3 for row in range(60)])


def damage(files, rows):
    for row in rows:
        path = files.folder / files.names[row]
        path.write_bytes(path.read_bytes()[:-30])


def test_all_that_cannot_be_decoded_are_named_at_once(files, tmp_path):
    damage(files, [0, 3, 4, 5])
    (files.folder / files.names[6]).unlink()
    target = tmp_path / "task.safetensors"
    with (
        pytest.raises(UserError) as caught,
        naming_all_undecodable([files], CLASSES, HOW),
    ):
        write_prepared(str(target), {"train": files}, CLASSES, HOW, {})
    sentence = str(caught.value)
    assert "5 of the 60 images" in sentence
    assert "(cat: 3, dog: 1, caf\u00e9: 1)" in sentence
    assert "cat/00.png (" in sentence
    assert "caf\u00e9/05.png (" in sentence
    assert "cat/06.png (it is missing)" in sentence
    assert "'data.unreadable' to 'skip'" in sentence
    assert "complete copy" not in sentence
    assert not target.exists()


def test_ten_are_named_and_the_others_counted(files):
    damage(files, range(0, 60, 3))
    with (
        pytest.raises(UserError, match=r"20 of the 60 .* \(cat: 20\).*, and 10 more;"),
        naming_all_undecodable([files], CLASSES, HOW),
    ):
        np.array(HOW.pixels(files))


def test_a_single_one_is_named_with_the_remedy(files):
    damage(files, [7])
    with (
        pytest.raises(UserError, match=r"dog/07\.png cannot .*; get another copy"),
        naming_all_undecodable([files], CLASSES, HOW, "get another copy"),
    ):
        np.array(HOW.pixels(files))


def test_other_errors_pass():
    with (
        pytest.raises(UserError, match="another"),
        naming_all_undecodable([], CLASSES, HOW),
    ):
        raise UserError("another")


def test_what_cannot_be_decoded_is_left_out_and_counted(files):
    damage(files, [1, 0, 9, 5])
    kept, left_out = leave_out_undecodable(files, CLASSES, HOW)
    assert len(kept.names) == 56
    gone = {files.names[row] for row in (0, 1, 5, 9)}
    pairs = zip(files.names, files.labels, strict=True)
    expected = [(name, label) for name, label in pairs if name not in gone]
    assert list(zip(kept.names, kept.labels, strict=True)) == expected
    assert tally(left_out) == [
        {
            "reason": "cannot be decoded",
            "count": 4,
            "by_class": {"cat": 2, "dog": 1, "caf\u00e9": 1},
            "first": ["cat/00.png", "dog/01.png", "caf\u00e9/05.png", "cat/09.png"],
        }
    ]
    assert leave_out_undecodable(kept, CLASSES, HOW) == (kept, [])


def test_five_names_are_noted(files):
    damage(files, range(0, 30, 3))
    (note,) = tally(leave_out_undecodable(files, CLASSES, HOW)[1])
    assert (note["count"], len(note["first"])) == (10, 5)


def test_a_class_that_loses_all_its_images_is_named(files):
    damage(files, range(1, 60, 3))
    with pytest.raises(UserError, match=r"class dog of .* loses all .*\(20"):
        leave_out_undecodable(files, CLASSES, HOW)


def test_an_image_that_is_listed_twice_counts_once(files):
    damage(files, [0])
    twice = replace(files, names=[*files.names] * 2, labels=[*files.labels] * 2)
    kept, left_out = leave_out_undecodable(twice, CLASSES, HOW)
    assert (len(kept.names), len(left_out)) == (118, 1)


def prepare_task(files, path, **changes):
    how = {"sizes": SIZES, "seed": 0, "unreadable": "error"}
    how |= {"images_path": str(files.folder), "preparation": PREPARATION}
    prepare_image_folder.main(str(path), **how | changes)
    return str(path)


def prepare_source(files, path, **changes):
    how = {"images": 0, "shots": 15, "seed": 0, "stored_size": None}
    how |= {"images_path": str(files.folder), "preparation": PREPARATION}
    prepare_source_folder.main(str(path), **{"unreadable": "error"} | how | changes)
    return str(path)


@pytest.mark.parametrize("prepare", [prepare_task, prepare_source])
def test_jobs_name_all_or_leave_them_out(files, tmp_path_factory, prepare):
    target = tmp_path_factory.mktemp("data") / "task.safetensors"
    damage(files, range(0, 57, 4))
    with pytest.raises(UserError, match=r"\d+ of the \d+ images of .* cat/"):
        prepare(files, target)
    assert not target.exists()
    path = prepare(files, target, unreadable="skip")
    origin = read_origin(path)
    (note,) = (n for n in origin["left_out"] if n["reason"] == "cannot be decoded")
    assert sum(note["by_class"].values()) == note["count"] > 0
    train = read_images(path, "train", NORMALIZATION)
    if prepare is prepare_task:
        assert note["count"] == 15  # of all images, not only of those drawn
        assert len(train.pixels) == 20
        assert len(read_images(path, "test", NORMALIZATION).pixels) == 25
    else:
        assert len(train.pixels) == 45 - note["count"]
    assert np.array(train.pixels).any()


def test_a_task_names_all_of_its_folder_not_only_those_drawn(files, tmp_path_factory):
    """So that, once they are gone, a new draw does not meet others."""
    target = tmp_path_factory.mktemp("data") / "task.safetensors"
    damage(files, range(0, 57, 4))
    with pytest.raises(UserError, match="15 of the 60 images"):
        prepare_task(files, target, sizes=SIZES | {"train": 15, "test": 10})


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_tasks_are_resized_as_asked_and_streamed_alike(files, tmp_path_factory, resize):
    folder = tmp_path_factory.mktemp("data")
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 200
    for name in files.names:
        path = files.folder / name
        Image.fromarray(wide).save(path)
        path.write_bytes(path.read_bytes() + name.encode())  # so that none is a copy
    found = []
    for stored in (1e9, 0):
        how = PREPARATION | {"resize": resize, "stored_bytes": stored}
        path = prepare_task(files, folder / f"{stored}.safetensors", preparation=how)
        found += [
            np.array(read_images(path, s, NORMALIZATION).pixels)
            for s in ("train", "test")
        ]
    np.testing.assert_array_equal(found[1], found[3])
    image = found[2][0].astype(int)
    assert (image < 50).any() == (resize != "crop")
    assert (image[[0, -1]] == 255).all() == (resize == "pad")
    assert (image == 200).all() == (resize == "crop")

import numpy as np
import pytest

from peftdiff.data.images import (
    checksum,
    hold_out,
    read_checksums,
    read_images,
    read_splits,
    write_images,
)
from peftdiff.runtime import UserError

NORMALIZATION = {"mean": 0.4, "std": 0.2}


@pytest.fixture
def path(tmp_path, images):
    path = str(tmp_path / "task.safetensors")
    splits = {
        "train": (images.pixels[:60], images.labels[:60]),
        "test": (images.pixels[60:], images.labels[60:]),
    }
    write_images(path, splits, images.class_names)
    return path


def test_images_come_back_with_what_belongs_to_them(path, images):
    test = read_images(path, "test", NORMALIZATION)
    np.testing.assert_array_equal(test.pixels, images.pixels[60:])
    np.testing.assert_array_equal(test.labels, images.labels[60:])
    assert test.class_names == (("a", "b", "c"),)
    assert test.classes == (3,)
    assert (test.mean, test.std) == (0.4, 0.2)
    assert test.checksum == checksum(images.pixels[60:], images.labels[60:])


def test_checksums_tell_the_splits_apart(path, images):
    checksums = read_checksums(path)
    assert checksums.keys() == {"train", "test"}
    assert checksums["train"] == checksum(images.pixels[:60], images.labels[:60])
    assert checksums["train"] != checksums["test"]


def test_a_split_that_is_not_there_is_named(path):
    with pytest.raises(UserError, match="holds no 'val/pixels'"):
        read_images(path, "val", NORMALIZATION)


def test_held_out_images_are_the_last_ones(images):
    kept, held_out = hold_out(images, 0.25)
    assert len(kept.labels) == 72
    np.testing.assert_array_equal(held_out.pixels, images.pixels[72:])
    np.testing.assert_array_equal(held_out.labels, images.labels[72:])


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_a_share_that_leaves_one_side_empty_is_refused(images, share):
    with pytest.raises(UserError, match=r"'ground_truth\.selection\.share' is 0\.\d+"):
        hold_out(images, share)


def test_test_images_are_read_unless_training_images_are_held_out(path, images):
    (train, test), checksums = read_splits(path, NORMALIZATION)
    assert (len(train.labels), len(test.labels)) == (60, 36)
    assert checksums == [train.checksum, test.checksum]
    (kept, held_out), checksums = read_splits(path, NORMALIZATION, 0.25)
    assert checksums == [train.checksum]
    np.testing.assert_array_equal(
        np.concatenate([kept.pixels, held_out.pixels]), images.pixels[:60]
    )
    assert len(held_out.labels) == 15


def test_picked_images_keep_their_labels(images):
    rows = np.array([90, 3, 4])
    picked = images.pick(rows)
    np.testing.assert_array_equal(picked.pixels, images.pixels[rows])
    np.testing.assert_array_equal(picked.labels, images.labels[rows])
    assert picked.checksum == images.checksum


def test_the_center_is_what_a_crop_leaves(images):
    small = images.center(20)
    np.testing.assert_array_equal(small.pixels, images.pixels[:, 6:26, 6:26])
    np.testing.assert_array_equal(small.labels, images.labels)
    assert small.checksum == images.checksum
    assert images.center(32) is images
    with pytest.raises(UserError, match=r"are 32 x 32 and the model's input 33 x 33;"):
        images.center(33)

"""Image files become a task's data, kept or streamed, with the same checksum."""

from dataclasses import replace

import numpy as np
import pytest

from peftdiff.data.decoding import decode
from peftdiff.data.images import (
    checksum,
    read_checksums,
    read_images,
    read_origin,
    read_splits,
)
from peftdiff.data.pixels import FilePixels
from peftdiff.data.preparation import Preparation, check_decodable, write_prepared
from peftdiff.models.device import Setting
from peftdiff.models.forward import accuracy, embed
from peftdiff.models.vit import build_backbone
from peftdiff.records import read_metadata
from peftdiff.runtime import UserError
from peftdiff.tasks import TASKS
from peftdiff.tasks.vtab import TRAIN, read_task
from tests.helpers import vtab

NORMALIZATION = {"mean": 0.5, "std": 0.28}
SOURCE = {"kind": "folder"}
KEPT, STREAMED = Preparation(32, "bicubic", 1e9), Preparation(32, "bicubic", 1000)


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    root = vtab.make(tmp_path_factory.mktemp("vtab"), ["kitti"], distinct=20)
    lists, _ = read_task(root / "kitti", TASKS["kitti"])
    return {"train": lists[TRAIN], "test": lists["test"]}


@pytest.fixture(scope="module")
def paths(splits, tmp_path_factory):
    """The same task, with its test images kept and streamed."""
    folder = tmp_path_factory.mktemp("data")
    paths = [str(folder / "kept.safetensors"), str(folder / "streamed.safetensors")]
    for path, how in zip(paths, (KEPT, STREAMED), strict=True):
        write_prepared(path, splits, "abcd", how, SOURCE)
    return paths


def test_pixels_labels_and_notes_come_back(paths, splits):
    for split, files in splits.items():
        images = read_images(paths[0], split, NORMALIZATION)
        assert images.pixels.shape == (len(files.labels), 32, 32, 3)
        assert isinstance(images.pixels, np.memmap)
        first = decode(files.folder / files.names[7], 32, "bicubic")
        np.testing.assert_array_equal(images.pixels[7], first)
        np.testing.assert_array_equal(images.labels, files.labels)
        assert images.class_names == (("a", "b", "c", "d"),)
        assert images.checksum == checksum(images.pixels, images.labels)
    assert read_origin(paths[0]) == SOURCE


def test_streaming_changes_nothing_but_where_pixels_are(paths):
    kept, streamed = (read_images(p, "test", NORMALIZATION) for p in paths)
    assert isinstance(streamed.pixels, FilePixels)
    np.testing.assert_array_equal(np.array(streamed.pixels), kept.pixels)
    np.testing.assert_array_equal(streamed.labels, kept.labels)
    assert read_checksums(paths[0]) == read_checksums(paths[1])
    (train, _), checksums = read_splits(paths[1], NORMALIZATION)
    assert isinstance(train.pixels, np.memmap)
    assert checksums == list(read_checksums(paths[0]).values())


def test_streamed_images_embed_and_measure_as_kept_ones(paths, architecture):
    model = build_backbone(architecture)
    features = []
    for path in paths:
        images = read_images(path, "test", NORMALIZATION)
        out = np.empty((len(images.labels), model.num_features), np.float32)
        embed(model, images, out, setting=Setting(), batch_size=100)
        features.append(out)
    np.testing.assert_array_equal(*features)
    model.reset_classifier(4)
    found = [
        accuracy(model, read_images(p, "test", NORMALIZATION), setting=Setting())
        for p in paths
    ]
    assert found[0] == found[1]


def test_an_unreadable_image_leaves_no_task(splits, tmp_path):
    files = splits["test"]
    path = files.folder / files.names[3]
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    target = tmp_path / "task.safetensors"
    try:
        for how in (KEPT, STREAMED):
            with pytest.raises(UserError, match=r"000003\.jpg cannot be decoded"):
                write_prepared(str(target), splits, "abcd", how, SOURCE)
        with pytest.raises(UserError, match=r"000003\.jpg cannot be decoded"):
            check_decodable([files], KEPT)
    finally:
        path.write_bytes(whole)
    assert list(tmp_path.iterdir()) == []
    check_decodable([files], KEPT)


def test_metadata_may_not_grow(paths, tmp_path):
    from peftdiff.records import streaming_arrays

    metadata = {"name": "short"}
    with (
        pytest.raises(ValueError, match="has grown"),
        streaming_arrays(tmp_path / "a.safetensors", {"a": ((2,), "int64")}, metadata),
    ):
        metadata["name"] = "much longer than it was"
    assert list(tmp_path.iterdir()) == []
    assert read_metadata(paths[0])["test/checksum"] != "0" * 64


def test_central_squares_are_kept_and_streamed_alike(splits, tmp_path):
    found = []
    for how in (KEPT, STREAMED):
        path = str(tmp_path / "task.safetensors")
        write_prepared(path, splits, "abcd", replace(how, resize="crop"), SOURCE)
        found.append(np.array(read_images(path, "test", NORMALIZATION).pixels))
    np.testing.assert_array_equal(*found)
    files = splits["test"]
    first = decode(files.folder / files.names[7], 32, "bicubic", resize="crop")
    np.testing.assert_array_equal(found[0][7], first)

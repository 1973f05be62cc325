import tracemalloc

import numpy as np
import pytest
from PIL import Image

from peftdiff.data.decoding import decode
from peftdiff.data.images import batches, read_images, write_images
from peftdiff.data.pixels import VIEW_BATCH, FilePixels, PixelView
from peftdiff.runtime import UserError
from peftdiff.stages.noah.search import hold_out_by_class

NAMES = [f"{number}.png" for number in range(7)]
COUNT, EDGE = 3 * VIEW_BATCH + 5, 12
ROWS = np.random.default_rng(1).permutation(COUNT)[: 2 * VIEW_BATCH + 1]
WINDOW = (slice(1, 9), slice(3, 11))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(7):
        pixels = rng.integers(0, 255, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    return tmp_path


def test_file_pixels_stand_for_an_array(folder):
    pixels = FilePixels(folder, NAMES, 8, "bicubic")
    whole = np.array(pixels)
    assert pixels.shape == whole.shape == (7, 8, 8, 3)
    assert pixels.dtype == whole.dtype == np.uint8
    part = pixels[2:5]
    assert isinstance(part, FilePixels)
    np.testing.assert_array_equal(np.array(part), whole[2:5])
    np.testing.assert_array_equal(whole[6], decode(folder / "6.png", 8, "bicubic"))


def test_file_pixels_take_the_center_of_every_part(folder):
    pixels = FilePixels(folder, NAMES, 8, "bicubic", resize="crop")
    expected = [decode(folder / n, 8, "bicubic", resize="crop") for n in NAMES[2:5]]
    np.testing.assert_array_equal(np.array(pixels[2:5]), np.stack(expected))


@pytest.mark.parametrize("lazy", [True, False])
def test_batches_come_in_order_and_cover_all(folder, lazy):
    pixels = FilePixels(folder, NAMES, 8, "bicubic")
    whole = np.array(pixels)
    found = list(batches(pixels if lazy else whole, 3))
    assert [part for part, _ in found] == [slice(0, 3), slice(3, 6), slice(6, 9)]
    np.testing.assert_array_equal(np.concatenate([b for _, b in found]), whole)
    assert list(batches(pixels[:0], 3)) == []


def test_an_unreadable_image_is_named_when_its_batch_is_read(folder):
    (folder / "5.png").unlink()
    found = batches(FilePixels(folder, NAMES, 8, "bicubic"), 2)
    next(found)
    with pytest.raises(UserError, match=r"5\.png is missing"):
        list(found)


@pytest.fixture(scope="module")
def array():
    size = (COUNT, EDGE, EDGE, 3)
    return np.random.default_rng(0).integers(0, 256, size, np.uint8)


@pytest.fixture(scope="module", params=["array", "files"])
def pixels(request, array, tmp_path_factory):
    """The same images in memory, and as files that are decoded when they are read."""
    if request.param == "array":
        return array
    folder = tmp_path_factory.mktemp("images")
    names = [f"{number}.png" for number in range(COUNT)]
    for name, image in zip(names, array, strict=True):
        Image.fromarray(image).save(folder / name)
    return FilePixels(folder, names, EDGE, "bicubic")


def test_a_view_is_the_same_as_an_index(pixels, array):
    view = PixelView(pixels, ROWS, WINDOW)
    expected = array[ROWS][:, *WINDOW]
    assert view.shape == expected.shape
    assert (view.dtype, len(view)) == (expected.dtype, len(expected))
    np.testing.assert_array_equal(np.array(view), expected)
    np.testing.assert_array_equal(np.array(PixelView(pixels)), array)


def test_parts_of_a_view_and_views_of_a_view_are_views(pixels, array):
    view = PixelView(PixelView(pixels, window=WINDOW), ROWS)
    expected = array[:, *WINDOW][ROWS]
    for part in (slice(None), slice(3, 90), slice(5, 5), np.array([7, 0, 7])):
        assert isinstance(view[part], PixelView)
        np.testing.assert_array_equal(np.array(view[part]), expected[part])
    read = np.concatenate([batch for _, batch in batches(view, 50)])
    np.testing.assert_array_equal(read, expected)


def test_a_view_of_nothing_has_a_shape(pixels):
    view = PixelView(pixels, ROWS[:0], WINDOW)
    assert np.array(view).shape == view.shape == (0, 8, 8, 3)


def test_what_is_read_is_no_map_of_the_file(tmp_path, array):
    """What torch takes must be writable, and stay when the file goes."""
    path = str(tmp_path / "source.safetensors")
    write_images(path, {"train": (array, np.arange(COUNT) % 3)}, [["a", "b", "c"]])
    images = read_images(path, "train", {"mean": 0.5, "std": 0.5})
    read = np.array(PixelView(images.pixels))
    assert read.flags.writeable
    assert read.flags.owndata


def test_the_center_of_a_split_source_is_in_memory_once(tmp_path):
    """And before it is read not at all, as ImageNet's may not fit there twice."""
    path = str(tmp_path / "source.safetensors")
    pixels = np.zeros((1000, 48, 48, 3), np.uint8)
    write_images(path, {"train": (pixels, np.arange(1000) % 10)}, [list("0123456789")])
    images = read_images(path, "train", {"mean": 0.5, "std": 0.5})
    whole = 1000 * 32 * 32 * 3
    tracemalloc.start()
    try:
        train, held_out = hold_out_by_class(images.center(32), 0.2, 0)
        assert tracemalloc.get_traced_memory()[1] < 0.1 * whole
        read = np.array(train.pixels)
        few = VIEW_BATCH * pixels[0].nbytes
        assert tracemalloc.get_traced_memory()[1] < read.nbytes + 2 * few
    finally:
        tracemalloc.stop()
    assert read.nbytes == 0.8 * whole
    assert held_out.pixels.shape == (200, 32, 32, 3)

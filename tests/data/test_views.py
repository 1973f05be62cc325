import tracemalloc

import numpy as np
import pytest
from PIL import Image

from peftdiff.data.images import batches, read_images, write_images
from peftdiff.data.pixels import VIEW_BATCH, FilePixels, PixelView
from peftdiff.stages.noah.search import hold_out_by_class

COUNT, EDGE = 3 * VIEW_BATCH + 5, 12
ROWS = np.random.default_rng(1).permutation(COUNT)[: 2 * VIEW_BATCH + 1]
WINDOW = (slice(1, 9), slice(3, 11))


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

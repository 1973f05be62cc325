import io
import itertools

import numpy as np
import pytest
from matplotlib import image as png

from peftdiff.reporting import labels
from peftdiff.reporting.figures import contact_sheet, style


def sheet(classes=3, size=32, count=60, name="category{}"):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    names = [name.format(i) for i in range(classes)]
    targets = np.arange(count) % classes
    figure = contact_sheet.draw(images, targets, names, "digits")
    return figure, images, targets


def test_each_row_holds_the_first_images_of_its_class():
    figure, images, targets = sheet(count=12)
    (axes,) = figure.axes
    assert len(axes.images) == 12
    rows = itertools.groupby(axes.images, key=lambda drawn: drawn.get_extent()[3])
    for label, (_, row) in enumerate(rows):
        drawn = [np.asarray(image.get_array()) for image in row]
        np.testing.assert_array_equal(drawn, images[targets == label][:4])


def test_names_task_and_group_are_written():
    figure, _, _ = sheet()
    written = [text.get_text() for text in figure.axes[0].texts]
    group = labels.group_label(labels.task_group("digits"))
    assert written == [
        labels.task_label("digits"),
        group,
        *map("category{}".format, "012"),
    ]


def test_class_names_stand_beside_their_rows():
    figure, _, _ = sheet(classes=5)
    (axes,) = figure.axes
    names = [text for text in axes.texts if text.get_text().startswith("category")]
    for label, name in enumerate(names):
        left, _, bottom, top = axes.images[10 * label].get_extent()
        assert name.get_position()[0] < left
        assert name.get_position()[1] == pytest.approx((top + bottom) / 2)


@pytest.mark.parametrize(("classes", "size"), [(1, 32), (4, 32), (16, 32), (16, 224)])
def test_a_sheet_fits_a_page_and_its_cells_do_not_overlap(classes, size):
    figure, _, _ = sheet(classes, size, count=10 * classes)
    width, height = 25.4 * figure.get_size_inches()
    assert width <= style.WIDTH + 1
    assert height <= 257
    boxes = [np.reshape(i.get_extent(), (2, 2)) for i in figure.axes[0].images]
    corners = {tuple(np.round(box[:, 0], 6)) for box in boxes}
    assert len(corners) == len(boxes)
    side = np.abs(np.diff(boxes[0], axis=1)).max()
    columns = sorted({corner[0] for corner in corners})
    assert len(columns) == 10
    assert min(np.diff(columns)) > side
    assert side >= contact_sheet.SMALLEST_CELL


def test_many_classes_make_a_longer_sheet_with_legible_cells():
    figure, _, _ = sheet(60, count=600)
    left, right, _, _ = figure.axes[0].images[0].get_extent()
    assert right - left >= contact_sheet.SMALLEST_CELL
    assert figure.get_size_inches()[1] * 25.4 > 257


@pytest.mark.parametrize("size", [8, 32])
@pytest.mark.parametrize("name", ["{}", "a {}", "longer {}", "category{}"])
def test_pixels_of_small_images_are_enlarged_by_a_whole_number(size, name):
    figure, images, targets = sheet(size=size, name=name)
    buffer = io.BytesIO()
    with style.context():
        figure.savefig(buffer)
    drawn = np.round(255 * png.imread(io.BytesIO(buffer.getvalue()))[..., :3])
    extent = figure.axes[0].images[13].get_extent()
    left, right, bottom, top = np.round(np.array(extent) / contact_sheet.PIXEL)
    scale = int((right - left) // size)
    assert scale >= 2
    expected = images[targets == 1][3].repeat(scale, axis=0).repeat(scale, axis=1)
    shown = drawn[int(top) : int(bottom), int(left) : int(right)]
    np.testing.assert_array_equal(shown, expected)


def test_large_images_are_smoothed_and_small_ones_are_not():
    small, _, _ = sheet(size=32)
    large, _, _ = sheet(size=224)
    assert small.axes[0].images[0].get_interpolation() == "nearest"
    assert large.axes[0].images[0].get_interpolation() == "hanning"


def test_oblong_images_keep_their_shape():
    images = np.zeros((2, 20, 40, 3), np.uint8)
    figure = contact_sheet.draw(images, np.zeros(2, int), ["x"], "digits")
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    assert right - left == pytest.approx(2 * (bottom - top))


def test_class_without_image_is_noted():
    images = np.zeros((2, 8, 8, 3), np.uint8)
    figure = contact_sheet.draw(images, np.zeros(2, int), ["x", "y"], "digits")
    assert "no image" in [text.get_text() for text in figure.axes[0].texts]


def test_unknown_task_stands_as_it_is():
    images = np.zeros((2, 8, 8, 3), np.uint8)
    figure = contact_sheet.draw(images, np.zeros(2, int), ["x"], "my_own_images")
    assert figure.axes[0].texts[0].get_text() == "my_own_images"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((4, 8, 8, 3))}, "type uint8, not .* float64"),
        ({"images": np.zeros((4, 8, 8), np.uint8)}, r"not \(4, 8, 8\)"),
        ({"labels": np.zeros(3, int)}, "4 images, and labels of shape"),
        ({"labels": np.array([0, 0, 0, 2])}, "0 to 2, but there are 2 class names"),
    ],
)
def test_unfit_input_raises(change, message):
    fit = {
        "images": np.zeros((4, 8, 8, 3), np.uint8),
        "labels": np.array([0, 1, 0, 1]),
        "class_names": ["a", "b"],
        "task": "digits",
    }
    with pytest.raises(ValueError, match=message):
        contact_sheet.draw(**(fit | change))

"""Labels recomputed from what the images show, or by brute force."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.datasets import load_digits

from peftdiff.tasks import generate_task, method_source, pretraining_source
from peftdiff.tasks.synthetic import cells, count, digits, dist, dsloc, land
from peftdiff.tasks.synthetic.generation import quantize
from peftdiff.tasks.synthetic.sprites import ORIENTATIONS


def generator(seed=5):
    return np.random.Generator(np.random.PCG64(seed))


def bright(slug, size=400):
    """Return the sprites' weights (n, 32, 32), zero off the sprite, and labels."""
    task = generate_task(slug, size, 1)
    grey = task.train_images[..., 0].astype(float)
    return np.where(grey > 8, grey, 0), task.train_labels


def centroids(weights):
    place = (2 * np.arange(32) + 1) / 32 - 1
    total = weights.sum(axis=(1, 2))
    x = (weights.sum(axis=1) * place).sum(axis=1) / total
    y = (weights.sum(axis=2) * place).sum(axis=1) / total
    return x, y


def test_dsloc_label_is_the_bin_of_the_horizontal_centroid():
    weights, labels = bright("dsloc")
    x, _ = centroids(weights)
    position = np.rint((x + dsloc.SPAN) / (2 * dsloc.SPAN) * 31).astype(int)
    assert np.array_equal(position // 2, labels)


def test_dsori_label_is_the_bin_of_the_long_axis_of_ellipses():
    weights, labels = bright("dsori")
    x, y = centroids(weights)
    place = (2 * np.arange(32) + 1) / 32 - 1
    dx, dy = place - x[:, None, None], place[:, None] - y[:, None, None]
    total = weights.sum(axis=(1, 2))
    xx, yy, xy = (
        (weights * product).sum(axis=(1, 2)) / total
        for product in (dx * dx, dy * dy, dx * dy)
    )
    elongation = np.hypot(xx - yy, 2 * xy) / (xx + yy)
    long = elongation > 0.3
    assert 0.2 < long.mean() < 0.45
    axis = np.mod(0.5 * np.arctan2(2 * xy, xx - yy), np.pi)[long]
    step = np.rint(axis / np.pi * (ORIENTATIONS - 1)).astype(int) % (ORIENTATIONS - 1)
    assert np.array_equal(8 * step // (ORIENTATIONS - 1), labels[long])


def test_count_label_is_the_number_of_spots():
    task = generate_task("count", 300, 1)
    images = task.train_images.astype(float)
    ground = np.median(images, axis=(1, 2), keepdims=True)
    away = np.sqrt(((images - ground) ** 2).sum(axis=-1)) > 255 * 0.28
    spots = [ndimage.label(mask)[1] - 1 for mask in away]
    right = np.array(spots) == task.train_labels
    assert right.mean() > 0.87
    assert len(task.class_names) == count.LARGEST


def test_cells_label_is_the_grade_of_the_number_of_enlarged_nuclei():
    grade, present, enlarged = cells.arrangement(generator(), 500)
    number = enlarged.sum(axis=1)
    expected = [
        next(g for g, (low, high) in enumerate(cells.GRADES) if low <= n <= high)
        for n in number
    ]
    assert np.array_equal(grade, expected)
    assert np.all(present[enlarged])
    assert set(present.sum(axis=1)) == {10, 11, 12, 13, 14}
    assert set(number) == set(range(8))


def test_cells_images_show_more_dark_area_with_the_grade():
    task = generate_task("cells", 400, 1)
    green = task.train_images[..., 1].astype(float)
    middle = (green.max(axis=(1, 2)) + green.min(axis=(1, 2))) / 2
    dark = (green < middle[:, None, None]).mean(axis=(1, 2))
    area = [np.median(dark[task.train_labels == grade]) for grade in range(4)]
    assert np.all(np.diff(area) > 0.01)


def test_land_label_is_the_largest_type():
    images, labels = land.draw(generator(), 150, "train")
    field, kinds = land.mosaic(generator(), 150)
    assert len(images) == 150
    for label, image_field, image_kinds in zip(labels, field, kinds, strict=True):
        areas = [0] * len(land.CLASSES)
        for pixel in image_field.ravel():
            areas[image_kinds[pixel]] += 1
        assert areas.index(max(areas)) == label


def test_land_ties_go_to_the_first_type():
    halves = np.full((1, 32, 32), 6)
    halves[:, :16] = 3
    assert land.dominant(halves).tolist() == [3]


def test_dist_label_is_the_bin_of_the_nearest_depth():
    label, depth = dist.depths(generator(), 500)
    nearest = depth.min(axis=1)
    assert np.array_equal(np.searchsorted(dist.DEPTH_EDGES, nearest) - 1, label)
    assert np.all(depth[:, :-1] >= depth[:, 1:])
    assert set(np.isfinite(depth).sum(axis=1)) == {1, 2, 3}
    assert np.array_equal(dist.draw(generator(), 500, "test")[1], label)


def test_digits_of_the_two_splits_are_different_originals():
    pools = digits.pools()
    assert len(pools["train"]) == 900
    assert len(pools["test"]) == 897
    together = np.concatenate([pools["train"], pools["test"]])
    assert np.array_equal(np.sort(together), np.arange(1797))


@pytest.mark.parametrize("split", ["train", "test"])
def test_digits_label_is_the_digit_in_the_middle(split, monkeypatch):
    """Undo the scene's shift and turn, and find the original among all of them."""
    for knob in ("SHIFT", "ROTATION", "NOISE"):
        monkeypatch.setattr(digits, knob, 0.0)
    monkeypatch.setattr(digits, "RADIUS", (0.8, 0.8))
    monkeypatch.setattr(digits, "NEIGHBOR_GAP", (2.6, 2.6))
    monkeypatch.setattr(digits, "GROUND_CONTRAST", (0.0, 0.0))
    planes, labels = digits.draw(generator(), 60, split)
    images = quantize(planes).astype(float)
    ground = images[:, :1, :1]
    drawn = np.sqrt(((images - ground) ** 2).sum(axis=-1)).reshape(60, -1)
    data = load_digits()
    whole = np.repeat(np.repeat(data.images, 4, axis=1), 4, axis=2)
    inner = ndimage.zoom(whole, (1, 0.8, 0.8), order=1)
    pad = 32 - inner.shape[1]
    edges = (pad // 2, pad - pad // 2)
    models = np.pad(inner, ((0, 0), edges, edges)).reshape(1797, -1)
    likeness = np.corrcoef(drawn, models)[:60, 60:]
    found = likeness.argmax(axis=1)
    assert (data.target[found] == labels).mean() > 0.95
    assert np.isin(found, digits.pools()[split]).mean() > 0.8


def test_pretraining_color_target_is_the_octant_of_solid_shapes():
    source = pretraining_source(1200)
    solid = np.flatnonzero((source.targets[:, 1] == 0) & (source.targets[:, 2] == 0))
    images = source.images[solid].astype(float) / 255
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0]], axis=1)
    ground = np.median(border, axis=1)[:, None, None]
    distance = ((images - ground) ** 2).sum(axis=-1).reshape(len(solid), -1)
    inner = np.argsort(distance, axis=1)[:, -40:]
    color = np.take_along_axis(images.reshape(len(solid), -1, 3), inner[..., None], 1)
    color = np.median(color, axis=1)
    clear = np.abs(color - 0.5).min(axis=1) > 0.1
    octant = (color > 0.5) @ np.array([4, 2, 1])
    assert clear.sum() > 20
    assert np.array_equal(octant[clear], source.targets[solid[clear], 3])


def test_pretraining_targets():
    source = pretraining_source(600)
    assert source.target_names == ("shape", "fill", "background", "color")
    assert source.target_classes == (12, 4, 6, 8)
    assert source.images.shape == (600, 32, 32, 3)
    assert source.images.dtype == np.uint8
    assert source.targets.dtype == np.int64
    for target, classes in zip(source.targets.T, source.target_classes, strict=True):
        assert np.array_equal(np.unique(target), np.arange(classes))


def test_method_source_labels():
    source = method_source(600)
    assert len(source.class_names) == 20
    assert len(set(source.class_names)) == 20
    assert source.images.shape == (600, 32, 32, 3)
    assert source.images.dtype == np.uint8
    assert source.labels.dtype == np.int64
    assert np.array_equal(np.unique(source.labels), np.arange(20))

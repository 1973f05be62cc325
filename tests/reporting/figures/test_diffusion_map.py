import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from peftdiff.reporting.figures import diffusion_map, style

TITLES = ("Backbone", "FacT-TK (best, 77.9 %)", "VPT (worst, 65.2 %)")


def clouds(classes, count=400):
    rng = np.random.default_rng(0)
    labels = np.arange(count) % classes
    centers = rng.normal(size=(classes, 2))
    return {
        title: spread * centers[labels] + rng.normal(size=(count, 2))
        for title, spread in zip(TITLES, (1, 3, 0.3), strict=True)
    }, labels


def names_in(panel):
    return [text.get_text() for text in panel.texts]


def test_panels_show_every_point_in_its_class_color():
    points, labels = clouds(4)
    figure = diffusion_map.draw_panels(points, labels, ["a", "b", "c", "d"], "Cells")
    assert [panel.get_title() for panel in figure.axes] == list(TITLES)
    assert figure.get_suptitle() == "Cells"
    for panel, expected in zip(figure.axes, points.values(), strict=True):
        assert (panel.get_xlabel()[:2], panel.get_ylabel()) == ("ψ₁", "ψ₂")
        (cloud,) = panel.collections
        drawn = np.column_stack([cloud.get_offsets(), cloud.get_facecolors()[:, :3]])
        colors = [to_rgb(style.CLASS_COLORS[label]) for label in labels]
        wanted = np.column_stack([expected, colors])
        np.testing.assert_allclose(
            drawn[np.lexsort(drawn.T)], wanted[np.lexsort(wanted.T)]
        )


def test_short_names_stand_at_the_medians():
    points, labels = clouds(2)
    points = {"one": points[TITLES[1]]}
    panel = diffusion_map.draw_panels(points, labels, ["low", "high"]).axes[0]
    assert names_in(panel) == ["low", "high"]
    for label, text in enumerate(panel.texts):
        median = np.median(points["one"][labels == label], axis=0)
        np.testing.assert_allclose(text.get_position(), median)


def test_lines_lead_from_names_to_medians():
    points, labels = clouds(16)
    names = [f"class {i}" for i in range(16)]
    panel = diffusion_map.draw_panels(points, labels, names).axes[2]
    assert len(panel.lines) == 16
    for label, (line, text) in enumerate(zip(panel.lines, panel.texts, strict=True)):
        start, end = np.array(line.get_data()).T
        median = np.median(points[TITLES[2]][labels == label], axis=0)
        np.testing.assert_allclose(start, median)
        np.testing.assert_allclose(end, text.get_position())


def test_long_names_are_letters_with_a_key():
    points, labels = clouds(16)
    names = [f"position {i}" for i in range(16)]
    figure = diffusion_map.draw_panels(points, labels, names)
    assert names_in(figure.axes[0]) == list("ABCDEFGHIJKLMNOP")
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key[0] == "A  position 0"
    assert key[-1] == "P  position 15"
    assert len(key) == 16


@pytest.mark.parametrize("classes", [2, 16, 20])
@pytest.mark.parametrize("name", ["{}", "the class {}"])
def test_names_never_overlap_nor_leave_the_panel(classes, name):
    points, labels = clouds(classes)
    names = [name.format(i) for i in range(classes)]
    figure = diffusion_map.draw_panels(points, labels, names, "Task")
    for panel in figure.axes:
        frame = panel.get_window_extent()
        boxes = [text.get_window_extent() for text in panel.texts]
        assert len(boxes) == classes
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
        assert all(frame.contains(*box.min) for box in boxes)
        assert all(frame.contains(*box.max) for box in boxes)


def test_beyond_twenty_classes_none_is_named():
    points, labels = clouds(30)
    figure = diffusion_map.draw_panels(
        points, labels, [f"class {i}" for i in range(30)]
    )
    assert names_in(figure.axes[0]) == []
    assert figure.legends == []


def test_absent_class_is_not_named():
    points, _ = clouds(2)
    figure = diffusion_map.draw_panels(points, np.zeros(400, int), ["here", "absent"])
    assert names_in(figure.axes[0]) == ["here"]


def test_outliers_do_not_squash_the_cloud_and_are_counted():
    points, labels = clouds(4)
    cloud = points["Backbone"].copy()
    panel = diffusion_map.draw_panels({"quiet": cloud}, labels, list("abcd")).axes[0]
    quiet = np.diff(panel.get_xlim())
    cloud[:2] = [[1000, 0], [0, -1000]]
    panel = diffusion_map.draw_panels({"loud": cloud}, labels, list("abcd")).axes[0]
    assert np.diff(panel.get_xlim()) < 1.5 * quiet
    assert np.diff(panel.get_ylim()) < 20
    assert panel.get_xlabel() == "ψ₁ (2 outside)"


def test_limits_include_all_points_of_an_ordinary_cloud():
    values = np.linspace(-1, 1, 101)
    low, high = diffusion_map.robust_limits(values, np.zeros(101, int))
    assert (low, high) == pytest.approx((-1.1, 1.1))


def test_limits_reach_a_far_class_of_five():
    values = np.r_[np.zeros(200), np.full(5, 50.0), 99.0]
    labels = np.r_[np.zeros(200, int), np.ones(5, int), 2]
    low, high = diffusion_map.robust_limits(values, labels)
    assert low < 0
    assert 50 < high < 99


def test_limits_of_equal_values_have_a_width():
    low, high = diffusion_map.robust_limits(np.full(9, 3.0), np.zeros(9, int))
    assert low < 3 < high


def test_one_panel_of_equal_points():
    panel = diffusion_map.draw_panels(
        {"x": np.ones((9, 2))}, np.zeros(9, int), ["only"]
    ).axes[0]
    assert names_in(panel) == ["only"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coordinates": {}}, "at least one panel"),
        ({"labels": np.arange(3)}, r"'x' have the shape \(4, 2\), but 3 labels"),
        ({"coordinates": {"x": np.ones((4, 3))}}, r"shape \(4, 3\)"),
        ({"coordinates": {"x": np.full((4, 2), np.nan)}}, "'x' hold NaN"),
        ({"labels": np.array([0, 1, 2, 3])}, "0 to 3, but there are 2 class names"),
        ({"labels": np.array([0, 1, -1, 0])}, "-1 to 1"),
    ],
)
def test_unfit_input_raises(change, message):
    fit = {
        "coordinates": {"x": np.ones((4, 2))},
        "labels": np.array([0, 1, 0, 1]),
        "class_names": ["a", "b"],
    }
    with pytest.raises(ValueError, match=message):
        diffusion_map.draw_panels(**(fit | change))

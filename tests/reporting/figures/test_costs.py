"""The figures of times and of complexity."""

import numpy as np
import pytest

from peftdiff.evaluation.studies.times import times_by_group
from peftdiff.reporting.figures import scree, times
from tests.helpers import study_tables


def drawn(timing):
    return times.draw(times_by_group(timing))


def shown(panel, texts):
    return [text.get_text() for text in texts(panel.figure) if text.axes is panel]


def points(panel, filled):
    """Return the (x, row) of marks that are filled, or hollow."""
    return {
        (round(float(line.get_xdata()[0]), 6), int(line.get_ydata()[0]))
        for line in panel.lines
        if line.get_marker() in ("o", "D")
        and (line.get_markerfacecolor() != "white") == filled
    }


def test_times_are_minutes_of_every_group_and_of_all(make, texts):
    figure = drawn(study_tables.timing(make.six))
    panels = figure.axes
    titles = [panel.get_title(loc="left") for panel in panels]
    assert titles == [
        *("Natural\n2 tasks", "Specialized\n2 tasks", "Structured\n2 tasks"),
        "All\n6 tasks",
    ]
    # Two methods on two tasks: 4 x (6 + 2) and 4 x (6 + 3) seconds.
    assert points(panels[0], filled=True) == {
        (round(32 / 60, 6), 0),
        (round(36 / 60, 6), 1),
    }
    assert points(panels[0], filled=False) == {
        (round(8 / 60, 6), 0),
        (round(12 / 60, 6), 1),
    }
    vertical = [line.get_xdata()[0] for line in panels[3].lines[-2:]]
    assert vertical == pytest.approx([12 * 6 / 60, 12 * 20])
    assert "150×" in shown(panels[0], texts)  # 1200 / (6 + 2)
    assert panels[0].get_xscale() == "log"
    assert panels[0].get_xlim() == panels[3].get_xlim()


def test_times_without_the_embedding_show_the_metric_alone(make, texts):
    timing = study_tables.timing(make.six)
    lost = timing["stage"] == "embed"
    figure = drawn(timing.assign(seconds=timing["seconds"].mask(lost)))
    panel = figure.axes[0]
    assert points(panel, filled=True) == set()
    assert len(points(panel, filled=False)) == 2
    assert shown(panel, texts).count("n/a") == 2


def test_one_group_is_shown_once(make):
    figure = drawn(study_tables.timing({"natural": ("digits",)}))
    assert [p.get_title(loc="left") for p in figure.axes] == ["All\n1 task"]


def test_times_of_no_metric_are_named(make):
    timing = study_tables.timing(make.six)
    with pytest.raises(ValueError, match=r"times\.csv has no rows"):
        drawn(timing[timing["stage"] == "embed"])


@pytest.mark.parametrize("tasks", ["six", "eight", "nineteen"])
def test_no_text_covers_another(make, overlaps, tasks):
    tasks = getattr(make, tasks)
    metrics = ("peftdiff", "logme", "nearest_class_mean", "pactran_gaussian")
    assert overlaps(drawn(study_tables.timing(tasks, metrics))) == []
    figure = scree.draw(study_tables.complexity(tasks), study_tables.scree(tasks))
    assert overlaps(figure) == []


def test_curves_are_means_and_start_from_nothing(make):
    tasks = {"natural": ("digits", "texture")}
    curves = study_tables.scree(tasks)
    curves["texture/backbone"] = np.ones(8)
    figure = scree.draw(study_tables.complexity(tasks), curves)
    backbone, methods, cnn, _ = figure.axes[0].lines
    np.testing.assert_allclose(backbone.get_xdata(), np.linspace(0, 1, 9))
    np.testing.assert_allclose(
        backbone.get_ydata(), [0, 0.625, 0.75, 0.875, 1, 1, 1, 1, 1]
    )
    np.testing.assert_allclose(methods.get_ydata()[1], (1 / 6 + 1 / 2) / 2)
    np.testing.assert_allclose(cnn.get_ydata(), [0, *[1] * 8])


def test_a_constant_embedding_is_left_out_of_the_mean_curve(make):
    tasks = {"natural": ("digits", "texture")}
    curves = study_tables.scree(tasks)
    curves["texture/cnn"] = np.full(8, np.nan)
    complexity = study_tables.complexity(tasks)
    lost = (complexity["task"] == "texture") & (complexity["model"] == "cnn")
    complexity["fraction_95"] = complexity["fraction_95"].mask(lost)
    figure = scree.draw(complexity, curves)
    np.testing.assert_allclose(figure.axes[0].lines[2].get_ydata(), [0, *[1] * 8])
    # Its row has no mark, and neither has the mean, which would hide the gap.
    marks = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert len(marks) == 1


def test_each_task_has_its_fractions(make):
    tasks = {"natural": ("digits",), "structured": ("dsori",)}
    figure = scree.draw(study_tables.complexity(tasks), study_tables.scree(tasks))
    marks = {
        marker: {
            float(line.get_xdata()[0])
            for line in figure.axes[1].lines
            if line.get_marker() == marker
        }
        for marker in ("s", "D", "o")
    }
    assert marks == {"s": {0.5}, "D": {0.5}, "o": {0.125}}
    bars = [line for line in figure.axes[1].lines if line.get_linewidth() == 4]
    assert [tuple(bar.get_xdata()) for bar in bars] == [(0.25, 0.75)] * 3


def test_a_missing_curve_is_named(make):
    tasks = {"natural": ("digits",)}
    curves = study_tables.scree(tasks)
    del curves["digits/vpt"]
    with pytest.raises(ValueError, match=r"scree\.npz has no curve of vpt on digits"):
        scree.draw(study_tables.complexity(tasks), curves)

import io
import math

import numpy as np
import pytest

from peftdiff.evaluation.published import SOURCES
from peftdiff.reporting import labels
from peftdiff.reporting.figures import published, style
from tests.helpers import study_tables

OLD, NEW, PAPERS, STUDY = SOURCES


@pytest.fixture
def tables():
    return study_tables.published()


def row_of(axes, label, place=0):
    found = [
        tick
        for tick, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
        if text.get_text() == label
    ]
    return found[place]


def svg(figure):
    buffer = io.BytesIO()
    with style.context():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def test_three_parts_each_by_falling_mean(tables, overlaps):
    taus, means = tables
    means["weighted_tau"] = np.arange(len(means)) / 10
    figure = published.draw(taus, means)
    (axes,) = figure.axes
    found = [text.get_text() for text in axes.get_yticklabels()]
    first = SOURCES[OLD]
    assert found == [
        published.HEADINGS["metric"],
        *map(labels.metric_label, ("sfda", "logme", "peftdiff")),
        published.HEADINGS["static"],
        *(SOURCES[STUDY], first),
        published.HEADINGS["agreement"],
        *(f"{first} ↔\n{SOURCES[other]}" for other in (STUDY, PAPERS, NEW)),
    ]
    assert overlaps(figure) == []


def test_marks_stand_at_means_and_dots_at_tasks(tables, marks):
    taus, means = tables
    axes = published.draw(taus, means).axes[0]
    row = row_of(axes, "LogME")
    expected = means.set_index("ranking").loc["logme", "weighted_tau"]
    assert (pytest.approx(expected), row) in marks(axes, 5.5)
    dots = [x for x, y in marks(axes, 2.6) if y == row + published.TASK_OFFSET]
    assert dots == list(taus.loc[taus["ranking"] == "logme", "weighted_tau"])
    texts = [text.get_text() for text in axes.texts if text.xy[1] == row]
    assert texts == [style.number(expected), "9", "6"]


def test_bands_and_errors_reach_two_deviations(tables):
    taus, means = tables
    axes = published.draw(taus, means).axes[0]
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert ends[:2] == [pytest.approx((-0.2, 0.2)), pytest.approx((-0.1, 0.1))]
    lines = [line for line in axes.lines if line.get_linewidth() == 1]
    errors = [np.ptp(line.get_xdata()) for line in lines if line.get_marker() == "None"]
    assert errors == [pytest.approx(0.2)] * len(means)


def test_what_is_undefined_is_written_and_not_drawn(tables, overlaps):
    taus, means = tables
    sfda = taus["ranking"] == "sfda"
    taus.loc[sfda, "weighted_tau"] = np.nan
    lost = means["ranking"] == "sfda"
    means.loc[lost, ["weighted_tau", "standard_error", "null_sd"]] = np.nan
    means = means.assign(n_methods=means["n_methods"].astype("Int64").mask(lost))
    means.loc[lost, "n_tasks"] = 0
    figure = published.draw(taus, means)
    axes = figure.axes[0]
    row = row_of(axes, "SFDA")
    assert not any(
        row in line.get_ydata() for line in axes.lines[1:] if len(line.get_ydata()) == 1
    )
    texts = [text.get_text() for text in axes.texts if text.xy[1] == row]
    assert texts == ["n/a", "", "0"]
    assert overlaps(figure) == []


def test_a_mean_without_error_has_no_bar(tables):
    taus, means = tables
    axes = published.draw(taus, means.assign(standard_error=math.nan)).axes[0]
    assert not [
        ln for ln in axes.lines if ln.get_linewidth() == 1 and ln.get_marker() == "None"
    ]


def test_a_part_that_is_missing_is_left_out(tables):
    taus, means = tables
    axes = published.draw(taus, means[means["kind"] == "metric"]).axes[0]
    assert len(axes.get_yticks()) == 1 + 3

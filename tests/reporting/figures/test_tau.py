import numpy as np
import pytest
from matplotlib.colors import same_color

from peftdiff.evaluation.verdict import BEYOND, UNCORRECTED_ONLY
from peftdiff.reporting import labels
from peftdiff.reporting.figures import style, tau


def panel_of(figure, metric):
    (panel,) = [
        axes
        for axes in figure.axes
        if axes.get_title().replace("\n", " ") == labels.metric_label(metric)
    ]
    return panel


def bands(panel, row):
    """Return the bands' left and right ends in a row, the wide band first."""
    return [
        (bar.get_x(), bar.get_x() + bar.get_width())
        for bar in panel.patches
        if bar.get_y() + bar.get_height() / 2 == pytest.approx(row)
    ]


def drawn(make, correlation):
    return tau.draw(correlation, make.summary(correlation))


@pytest.mark.parametrize("count", ["six", "nineteen"])
def test_a_panel_per_metric_with_a_row_per_task(make, count, overlaps):
    tasks = getattr(make, count)
    figure = drawn(make, make.correlation(tasks))
    assert len(figure.axes) == len(make.metrics)
    total = sum(map(len, tasks.values()))
    wanted = [f"Mean over {total} tasks"]
    for group, members in tasks.items():
        wanted += [labels.group_label(group), *map(labels.task_label, members)]
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == wanted
    assert overlaps(figure) == []
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.x1


def test_best_mean_comes_first_and_baselines_last(make):
    correlation = make.correlation(metrics=("random", "static", "a", "b"))
    means = {"random": 0.9, "static": 0.1, "a": 0.2, "b": 0.3}
    correlation["weighted_tau"] = correlation["metric"].map(means)
    titles = [panel.get_title() for panel in drawn(make, correlation).axes]
    wanted = ["b", "a", labels.metric_label("random"), labels.metric_label("static")]
    assert titles == wanted


def test_dots_stand_at_tau_and_the_diamond_at_their_mean(make, marks):
    correlation = make.correlation()
    panel = panel_of(drawn(make, correlation), "logme")
    taus = correlation.loc[correlation["metric"] == "logme", "weighted_tau"]
    assert marks(panel, 4.5) == [(pytest.approx(taus.mean()), 0)]
    found = sorted(marks(panel, 3.5), key=lambda mark: mark[1])
    assert [x for x, _ in found] == pytest.approx(list(taus))
    numbers = [text.get_text() for text in panel.texts]
    assert sorted(numbers) == sorted(map(style.number, [*taus, taus.mean()]))


def test_bands_are_one_and_two_deviations_and_the_means_own(make):
    panel = panel_of(drawn(make, make.correlation()), "peftdiff")
    first_task = 2.5
    wide, narrow = bands(panel, first_task)
    assert wide == pytest.approx((-0.6, 0.6))
    assert narrow == pytest.approx((-0.3, 0.3))
    wide, narrow = bands(panel, 0)
    assert wide == pytest.approx((-0.4, 0.4))
    assert narrow == pytest.approx((-0.2, 0.2))


def test_the_mean_is_filled_where_the_table_says_so_and_no_task_is(make):
    correlation = make.correlation(metrics=("peftdiff", "logme"))
    # Far outside of its band, and yet the verdict decides.
    correlation["weighted_tau"] = correlation["metric"].map(
        {"peftdiff": 0.1, "logme": 0.9}
    )
    verdicts = {"peftdiff": BEYOND, "logme": UNCORRECTED_ONLY}
    summary = make.summary(correlation)
    summary["verdict"] = summary["metric"].map(verdicts)
    figure = tau.draw(correlation, summary)
    for metric, filled in (("peftdiff", True), ("logme", False)):
        panel = panel_of(figure, metric)
        (mean,) = [line for line in panel.lines if line.get_marker() == "D"]
        wanted = style.ACCENT if filled else "white"
        assert same_color(mean.get_markerfacecolor(), wanted)
        tasks = [line for line in panel.lines if line.get_marker() == "o"]
        assert len({line.get_markerfacecolor() for line in tasks}) == 1


def test_undefined_tau_is_crossed_out_and_left_out_of_the_mean(make, marks, texts):
    correlation = make.correlation()
    logme = correlation["metric"] == "logme"
    lost = logme & (correlation["task"] == "land")
    correlation.loc[lost, ["weighted_tau", "note"]] = np.nan, "saturated"
    figure = drawn(make, correlation)
    panel = panel_of(figure, "logme")
    assert [line.get_marker() for line in panel.lines].count("x") == 1
    written = [text.get_text() for text in panel.texts]
    assert "n/a" in written
    assert "5 of 6" in written
    taus = correlation.loc[logme, "weighted_tau"].dropna()
    assert (pytest.approx(taus.mean()), 0) in marks(panel, 4.5)
    assert "5 of 6" not in [t.get_text() for t in panel_of(figure, "static").texts]


def test_metric_that_is_undefined_everywhere(make):
    correlation = make.correlation()
    logme = correlation["metric"] == "logme"
    correlation.loc[logme, "weighted_tau"] = np.nan
    panel = panel_of(drawn(make, correlation), "logme")
    assert [text.get_text() for text in panel.texts].count("n/a") == 7
    assert "0 of 6" in [text.get_text() for text in panel.texts]


def test_one_task_has_no_mean(make, marks):
    figure = drawn(make, make.correlation({"": ("my pets",)}))
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == ["my pets"]
    assert marks(figure.axes[0], 4.5) == []
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert not [name for name in names if name.startswith("mean")]


def test_no_tau_at_all_is_said(make):
    correlation = make.correlation()
    own = correlation["metric"] != "random"
    correlation["weighted_tau"] = correlation["weighted_tau"].mask(own)
    correlation.loc[own, "note"] = "all accuracies are equal"
    figure = drawn(make, correlation)
    assert figure.axes == []
    (said,) = figure.texts
    assert "all accuracies are equal" in said.get_text()


def test_metric_that_lacks_a_task_says_over_how_many_its_mean_runs(make):
    correlation = make.correlation()
    lost = (correlation["metric"] == "logme") & (correlation["task"] == "land")
    panel = panel_of(drawn(make, correlation[~lost]), "logme")
    assert "5 of 6" in [text.get_text() for text in panel.texts]


def test_empty_null_deviation_draws_no_band(make):
    figure = drawn(make, make.correlation().assign(null_sd=np.nan))
    assert bands(figure.axes[0], 2.5) == []


def test_many_metrics_go_on_in_further_rows(make, overlaps):
    metrics = [f"metric number {i}" for i in range(13)]
    figure = drawn(make, make.correlation(make.six, metrics))
    assert len(figure.axes) == 13
    assert overlaps(figure) == []


def test_metric_given_twice_on_a_task_raises(make):
    correlation = make.correlation()
    correlation.loc[correlation.index[1], "metric"] = "peftdiff"
    with pytest.raises(ValueError, match="metric peftdiff on the task digits"):
        drawn(make, correlation)

import numpy as np
import pandas as pd
import pytest

from peftdiff.reporting import labels
from peftdiff.reporting.figures import scores


@pytest.mark.parametrize("count", ["six", "nineteen"])
def test_titles_give_task_and_tau(make, count, overlaps):
    tasks = getattr(make, count)
    truth, correlation = make.truth(tasks), make.correlation(tasks)
    figure = scores.draw(make.scores(truth), truth, correlation)
    taus = correlation[correlation["metric"] == "peftdiff"]
    expected = [
        f"{labels.task_label(task)}\nweighted τ {tau:.2f}".replace("-0.", "−0.")
        for task, tau in zip(taus["task"], taus["weighted_tau"], strict=True)
    ]
    assert [panel.get_title(loc="left") for panel in figure.axes] == expected
    assert overlaps(figure) == []


def test_points_stand_at_mean_score_and_mean_accuracy(make, marks):
    truth = make.truth(seeds=3)
    table = make.scores(truth)
    figure = scores.draw(table, truth, make.correlation())
    pool = truth[truth["in_pool"] & (truth["task"] == "cells")]
    x = table[table["task"] == "cells"].groupby("method")["score"].mean()
    y = pool.groupby("method")["accuracy"].mean()
    expected = sorted(zip(x, y[x.index], strict=True))
    found = sorted(marks(figure.axes[3], 5.5))
    np.testing.assert_allclose(found, expected)


def test_bars_reach_from_the_least_to_the_greatest_value(make):
    truth = make.truth({"natural": ("digits",)}, ("vpt",), seeds=3, references=())
    truth["accuracy"] = [50.0, 53.0, 62.0]
    table = make.scores(truth).assign(score=[0.2, 0.4, 0.9])
    figure = scores.draw(table, truth, make.correlation())
    bars = [bar.get_segments()[0] for bar in figure.axes[0].collections]
    np.testing.assert_allclose(bars[0], [[0.2, 55], [0.9, 55]])
    np.testing.assert_allclose(bars[1], [[0.5, 50], [0.5, 62]])


def test_legend_names_each_method_once(make):
    truth = make.truth()
    figure = scores.draw(make.scores(truth), truth, make.correlation())
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == [labels.method_label(slug) for slug in make.methods]


@pytest.mark.parametrize("methods", [("lora", "vpt"), ("lora", "mine")])
def test_one_task_one_seed_two_methods(make, marks, methods, overlaps):
    truth = make.truth({"natural": ("digits",)}, methods, seeds=1)
    figure = scores.draw(make.scores(truth), truth, make.correlation())
    assert len(marks(figure.axes[0], 5.5)) == 2
    assert overlaps(figure) == []


def test_other_metric_is_drawn_when_asked_for(make):
    truth = make.truth()
    table = make.scores(truth, "logme")
    figure = scores.draw(table, truth, make.correlation(), "logme")
    assert labels.metric_label("logme") in figure.get_supxlabel()
    with pytest.raises(ValueError, match=r"no row of the metric peftdiff.*logme"):
        scores.draw(table, truth, make.correlation(), "peftdiff")


def test_the_first_metric_is_drawn_by_itself(make):
    truth = make.truth()
    table = pd.concat([make.scores(truth, "logme"), make.scores(truth, "peftdiff")])
    figure = scores.draw(table, truth, make.correlation())
    assert labels.metric_label("logme") in figure.get_supxlabel()


def test_undefined_tau_and_undefined_score_are_said(make, marks):
    truth, correlation = make.truth(), make.correlation()
    table = make.scores(truth)
    # One seed without a score is enough: the mean over the others is another quantity.
    lost = (table["task"] == "land") & (table["method"] == "vpt") & (table["seed"] == 1)
    table.loc[lost, "score"] = np.nan
    correlation.loc[correlation["task"] == "land", "weighted_tau"] = np.nan
    panel = scores.draw(table, truth, correlation).axes[2]
    assert panel.get_title(loc="left").endswith("weighted τ undefined")
    assert panel.get_xlabel() == f"no score: {labels.method_label('vpt')}"
    assert len(marks(panel, 5.5)) == 8


def test_score_without_accuracy_is_named_in_the_panel(make, marks):
    truth = make.truth()
    table = make.scores(truth)
    truth = truth[(truth["task"] != "land") | (truth["method"] != "vpt")]
    panel = scores.draw(table, truth, make.correlation()).axes[2]
    assert panel.get_xlabel() == f"no accuracy: {labels.method_label('vpt')}"
    assert len(marks(panel, 5.5)) == 8


def test_missing_tau_names_metric_and_task(make):
    truth, correlation = make.truth(), make.correlation()
    correlation = correlation[correlation["task"] != "dsori"]
    with pytest.raises(ValueError, match="metric peftdiff on the task dsori"):
        scores.draw(make.scores(truth), truth, correlation)

"""Figures of published accuracies: no seeds, and what is absent is named."""

import numpy as np

from peftdiff.reporting import labels
from peftdiff.reporting.figures import accuracy, scores

LABEL = "published: OSU's unified study"


def published(make, seeds=1):
    table = make.truth(seeds=seeds)
    return table.assign(seed=np.nan, source="osu_unified_study")


def test_accuracies_have_one_mark_a_method_and_no_seeds(make, marks, overlaps):
    figure = accuracy.draw(**make.judged(published(make)))
    assert LABEL in figure.get_supxlabel()
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names[:2] == ["accuracy", "rank on the task"]
    assert all(len(marks(panel, 5.5)) == 9 for panel in figure.axes)
    dots = [line for line in figure.axes[0].lines if line.get_markersize() < 5]
    assert all(len(line.get_xdata()) == 0 for line in dots)
    assert overlaps(figure) == []


def test_a_scored_method_without_an_accuracy_is_named(make, marks, overlaps):
    truth = published(make)
    table = make.scores(make.truth())
    lost = truth["method"].isin(["noah", "vpt"]) | (truth["task"] == "land")
    figure = scores.draw(table, truth[~lost], make.correlation())
    assert LABEL in figure.get_supylabel()
    first, nowhere = figure.axes[0], figure.axes[2]
    names = ", ".join(map(labels.method_label, ("vpt", "noah")))
    assert first.get_xlabel() == f"no accuracy: {names}"
    assert len(marks(first, 5.5)) == 7
    assert nowhere.get_xlabel() == "no accuracy: any method"
    assert len(marks(nowhere, 5.5)) == 0
    assert overlaps(figure) == []

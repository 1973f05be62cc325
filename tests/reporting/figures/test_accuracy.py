import numpy as np
import pytest

from peftdiff.reporting import labels
from peftdiff.reporting.figures import accuracy


@pytest.mark.parametrize("count", ["six", "eight", "nineteen"])
def test_a_panel_per_task_in_the_order_of_groups(make, count, overlaps):
    tasks = getattr(make, count)
    figure = accuracy.draw(make.truth(tasks))
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    wanted = [task for members in tasks.values() for task in members]
    assert titles == [labels.task_label(task) for task in wanted]
    assert overlaps(figure) == []


def test_mean_stands_at_its_accuracy_and_seeds_below_it(make, marks):
    truth = make.truth(seeds=3)
    panels = accuracy.draw(truth).axes
    rows = [label.get_text() for label in panels[0].get_yticklabels()]
    drawn = truth[(truth["task"] == "texture") & truth["in_pool"]]
    row_of = drawn["method"].map(lambda slug: rows.index(labels.method_label(slug)))
    means = drawn.groupby(row_of)["accuracy"].mean()
    found = sorted(marks(panels[1], 5.5), key=lambda mark: mark[1])
    np.testing.assert_allclose(found, list(zip(means, range(9), strict=True)))
    below = row_of + accuracy.SEED_OFFSET
    expected = sorted(zip(drawn["accuracy"], below, strict=True))
    np.testing.assert_allclose(sorted(marks(panels[1], 2.6)), expected)


def test_rows_run_from_best_to_worst_mean_rank(make):
    truth = make.truth(methods=("vpt", "lora", "noah"))
    value = {"vpt": 40.0, "lora": 60.0, "noah": 50.0, "linear": 30.0, "full": 70.0}
    figure = accuracy.draw(truth.assign(accuracy=truth["method"].map(value)))
    panel = figure.axes[0]
    rows = [label.get_text() for label in panel.get_yticklabels()]
    assert rows == [labels.method_label(slug) for slug in ("lora", "noah", "vpt")]
    assert panel.yaxis_inverted()
    ranks = [text.get_text() for text in panel.texts if text.get_text().isdigit()]
    assert ranks == ["1", "2", "3"]


def test_references_are_lines_at_their_mean_and_no_rows(make):
    truth = make.truth(methods=("vpt", "lora"))
    figure = accuracy.draw(truth)
    panel = figure.axes[0]
    reference = truth[(truth["task"] == "digits") & ~truth["in_pool"]]
    means = reference.groupby("method")["accuracy"].mean()
    lines = [line for line in panel.lines if line.get_linestyle() in accuracy.LINES]
    assert sorted(line.get_xdata()[0] for line in lines) == pytest.approx(sorted(means))
    assert len(panel.get_yticks()) == 2
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[-2:] == [labels.method_label("linear"), labels.method_label("full")]


@pytest.mark.parametrize("seeds", [1, 5])
def test_legend_states_the_number_of_seeds(make, seeds):
    figure = accuracy.draw(make.truth({"natural": ("digits",)}, seeds=seeds))
    wanted = "mean over 1 seed" if seeds == 1 else "mean over 5 seeds"
    assert wanted in [text.get_text() for text in figure.legends[0].get_texts()]


def test_two_unknown_methods_on_one_task_without_group(make):
    truth = make.truth({"": ("my images",)}, ("mine", "yours"), references=())
    truth["group"] = np.nan
    figure = accuracy.draw(truth)
    rows = {label.get_text() for label in figure.axes[0].get_yticklabels()}
    assert rows == {"mine", "yours"}


def test_method_that_was_not_run_on_a_task_has_a_dash_for_a_rank(make):
    truth = make.truth(methods=("vpt", "lora"))
    truth = truth[(truth["task"] != "land") | (truth["method"] != "vpt")]
    figure = accuracy.draw(truth)
    assert "–" in [text.get_text() for text in figure.axes[2].texts]


def test_empty_accuracy_names_the_run(make):
    truth = make.truth()
    truth.loc[truth.index[0], "accuracy"] = np.nan
    with pytest.raises(ValueError, match=r"adapter on task digits, seed 0"):
        accuracy.draw(truth)


def test_references_alone_are_nothing_to_compare(make):
    with pytest.raises(ValueError, match="no method that is in the pool"):
        accuracy.draw(make.truth().assign(in_pool=False))

import numpy as np
import pytest

from peftdiff.reporting import labels
from peftdiff.reporting.figures import accuracy


def drawn(make, truth):
    return accuracy.draw(**make.judged(truth))


@pytest.mark.parametrize("count", ["six", "eight", "nineteen"])
def test_a_panel_per_task_in_the_order_of_groups(make, count, overlaps):
    tasks = getattr(make, count)
    figure = drawn(make, make.truth(tasks))
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    wanted = [task for members in tasks.values() for task in members]
    assert titles == [labels.task_label(task) for task in wanted]
    assert overlaps(figure) == []


def test_mean_stands_at_its_accuracy_and_seeds_below_it(make, marks):
    truth = make.truth(seeds=3)
    panels = drawn(make, truth).axes
    rows = [label.get_text() for label in panels[0].get_yticklabels()]
    own = truth[(truth["task"] == "texture") & truth["in_pool"]]
    row_of = own["method"].map(lambda slug: rows.index(labels.method_label(slug)))
    means = own.groupby(row_of)["accuracy"].mean()
    found = sorted(marks(panels[1], 5.5), key=lambda mark: mark[1])
    np.testing.assert_allclose(found, list(zip(means, range(9), strict=True)))
    below = row_of + accuracy.SEED_OFFSET
    expected = sorted(zip(own["accuracy"], below, strict=True))
    np.testing.assert_allclose(sorted(marks(panels[1], 2.6)), expected)


def test_rows_run_from_best_to_worst_mean_rank(make):
    truth = make.truth(methods=("vpt", "lora", "noah"))
    value = {"vpt": 40.0, "lora": 60.0, "noah": 50.0, "linear": 30.0, "full": 70.0}
    figure = drawn(make, truth.assign(accuracy=truth["method"].map(value)))
    panel = figure.axes[0]
    rows = [label.get_text() for label in panel.get_yticklabels()]
    assert rows == [labels.method_label(slug) for slug in ("lora", "noah", "vpt")]
    assert panel.yaxis_inverted()
    ranks = [text.get_text() for text in panel.texts if text.get_text().isdigit()]
    assert ranks == ["1", "2", "3"]


def test_references_are_lines_at_their_mean_and_no_rows(make):
    truth = make.truth(methods=("vpt", "lora"))
    figure = drawn(make, truth)
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
    figure = drawn(make, make.truth({"natural": ("digits",)}, seeds=seeds))
    wanted = "mean over 1 seed" if seeds == 1 else "mean over 5 seeds"
    assert wanted in [text.get_text() for text in figure.legends[0].get_texts()]


def test_two_unknown_methods_on_one_task_without_group(make):
    truth = make.truth({"": ("my images",)}, ("mine", "yours"), references=())
    truth["group"] = np.nan
    figure = drawn(make, truth)
    rows = {label.get_text() for label in figure.axes[0].get_yticklabels()}
    assert rows == {"mine", "yours"}


def test_method_that_was_not_run_on_a_task_has_a_dash_for_a_rank(make):
    truth = make.truth(methods=("vpt", "lora"))
    truth = truth[(truth["task"] != "land") | (truth["method"] != "vpt")]
    figure = drawn(make, truth)
    assert "–" in [text.get_text() for text in figure.axes[2].texts]


def test_a_method_without_accuracies_is_a_row_without_a_mark(make, marks):
    truth = make.truth()
    lost = (truth["task"] == "digits") & (truth["method"] == "adapter")
    figure = drawn(make, truth.assign(accuracy=truth["accuracy"].mask(lost)))
    assert len(marks(figure.axes[0], 5.5)) == len(make.methods) - 1
    assert "–" in [text.get_text() for text in figure.axes[0].texts]
    assert len(marks(figure.axes[1], 5.5)) == len(make.methods)


def counted(make, accuracies, share):
    """Return a ground truth of one seed and 1,000 counted test images."""
    truth = make.truth({"": ("pets",)}, tuple(accuracies), seeds=1, references=())
    return truth.assign(
        accuracy=truth["method"].map(accuracies),
        n_test_images=1000,
        n_classes=4,
        chance=25.0,
        majority_class="cat",
        majority_share=share,
    )


@pytest.mark.parametrize(
    ("accuracies", "bold"),
    [
        ({"lora": 80.0, "vpt": 79.5, "bitfit": 60.0}, ["1", "2"]),
        ({"lora": 80.0, "vpt": 79.5, "bitfit": 79.0}, []),  # they cannot be told apart
        ({"lora": 40.0, "vpt": 39.0, "bitfit": 20.0}, []),  # no better than one answer
    ],
)
def test_a_rank_is_bold_where_methods_are_told_apart(make, accuracies, bold, overlaps):
    figure = drawn(make, counted(make, accuracies, 40.0))
    found = [t.get_text() for t in figure.axes[0].texts if t.get_weight() == "bold"]
    assert found == bold
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert [line.get_xdata()[0] for line in lines] == [40.0]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[-1] == "best without an image"
    assert overlaps(figure) == []


def test_references_alone_are_nothing_to_compare(make):
    with pytest.raises(ValueError, match="no method that is in the pool"):
        drawn(make, make.truth().assign(in_pool=False))

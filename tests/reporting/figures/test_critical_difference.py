import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.reporting import labels
from peftdiff.reporting.figures import critical_difference, style
from peftdiff.reporting.figures.critical_difference import not_told_apart


@pytest.mark.parametrize(
    ("ranks", "difference", "groups"),
    [
        ([1, 2, 3, 4], 1.5, [(0, 1), (1, 2), (2, 3)]),
        ([1, 2, 3, 4], 9, [(0, 3)]),
        ([1, 2, 3, 4], 0.5, []),
        ([1, 1.2, 3, 3.1, 3.2], 2.05, [(0, 2), (1, 4)]),
        ([1, 2], 1, []),
        ([2.0], 1, []),
    ],
)
def test_groups_by_hand(ranks, difference, groups):
    assert not_told_apart(ranks, difference) == groups


@given(st.lists(st.floats(1, 9), min_size=1, max_size=8), st.floats(0.1, 9))
def test_two_metrics_share_a_group_just_where_they_are_not_told_apart(ranks, critical):
    ranks = sorted(ranks)
    groups = not_told_apart(ranks, critical)
    for one in range(len(ranks)):
        for other in range(one + 1, len(ranks)):
            together = any(a <= one and other <= b for a, b in groups)
            assert together == (ranks[other] - ranks[one] < critical)


def test_dots_stand_at_mean_ranks_best_at_the_top(make, marks):
    table = make.friedman()
    figure = critical_difference.draw(table.sample(frac=1, random_state=0))
    panel, side = figure.axes
    assert marks(panel, 5.5) == list(zip(table["mean_rank"], range(4), strict=True))
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names == [labels.metric_label(metric) for metric in table["metric"]]
    assert panel.yaxis_inverted()
    assert len(side.lines) == len(not_told_apart(list(table["mean_rank"]), 1.5))


def test_the_critical_difference_is_drawn_at_its_length(make):
    panel = critical_difference.draw(make.friedman(difference=1.25)).axes[0]
    (bar,) = [line for line in panel.lines if line.get_marker() == "None"]
    assert list(bar.get_xdata()) == [1, 2.25]
    assert "critical difference 1.2" in [text.get_text() for text in panel.texts]


def test_the_title_says_what_was_found_and_how_little_that_may_be(make):
    few = {"note": "little power: only 3 tasks", "n_tasks": 3, "p_value": 0.06}
    table = make.friedman().assign(**few)
    title = critical_difference.draw(table).axes[0].get_title(loc="left")
    assert "4 metrics on 3 tasks: χ² = 7.8, p = 0.06, no difference found." in title
    assert "Little power: only 3 tasks." in title
    found = critical_difference.draw(make.friedman().assign(p_value=0.05))
    assert "no difference" not in found.axes[0].get_title(loc="left")
    tied = make.friedman().assign(p_value=np.nan, statistic=np.nan)
    title = critical_difference.draw(tied).axes[0].get_title(loc="left")
    assert "all ranks are tied" in title
    assert "power" not in title


def test_a_metric_that_is_out_has_a_row_that_says_why(make, marks):
    table = make.friedman()
    table.loc[1, ["mean_rank", "note"]] = np.nan, "out: no tau on land"
    panel = critical_difference.draw(table).axes[0]
    assert len(marks(panel, 5.5)) == 3
    assert "out: no tau on land" in [text.get_text() for text in panel.texts]
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names[-1] == labels.metric_label(table["metric"][1])


def test_no_test_at_all_is_said(make):
    empty = ["mean_rank", "statistic", "p_value", "critical_difference"]
    table = make.friedman(n_tasks=1)
    table[empty] = np.nan
    figure = critical_difference.draw(table.assign(note="no test: why"))
    assert figure.axes == []  # no empty axes, but the reason in their place
    (said,) = figure.texts
    assert "4 metrics on 1 task" in said.get_text()
    assert said.get_text().endswith(": why.")


@pytest.mark.parametrize("count", [3, 15])
@pytest.mark.parametrize("difference", [0.5, 2.2, 30])
def test_no_text_covers_another(make, overlaps, count, difference):
    metrics = [f"metric number {i}" for i in range(count)]
    figure = critical_difference.draw(make.friedman(metrics, difference))
    assert overlaps(figure) == []


def test_baselines_are_grey(make):
    panel = critical_difference.draw(make.friedman()).axes[0]
    colors = [x.get_markerfacecolor() for x in panel.lines if x.get_marker() == "o"]
    assert colors == [style.ACCENT, style.ACCENT, style.GREY, style.GREY]

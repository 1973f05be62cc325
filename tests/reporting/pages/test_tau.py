import numpy as np
import pytest

from peftdiff.evaluation.correlation import correlate, reliabilities
from peftdiff.evaluation.summary import summarize
from peftdiff.reporting.pages.tau import tau_page
from tests.helpers import tables


def page_of(scores, truth):
    return tau_page(
        correlate(scores, truth), reliabilities(truth), summarize(scores, truth)
    )


def cells(page, metric, number=0):
    lines = [line for line in page.splitlines() if line.startswith(f"| {metric} ")]
    return [cell.strip() for cell in lines[number].strip("|").split("|")]


def test_the_page_tells_chance_from_signal():
    page = page_of(tables.scores(), tables.truth())
    assert page.startswith("# Weighted tau with the ground truth: test, 5 methods")
    assert "No metric is beyond chance (1 metric tried)." in page
    assert "fewer tasks" not in page
    assert cells(page, "random")[1] == "+0.00"
    assert cells(page, "metric", 1) == ["metric", "digits", "land", "dsloc"]


def test_the_numbers_are_those_of_the_tables():
    scores, truth = tables.scores(), tables.truth()
    summary = summarize(scores, truth).set_index("metric").loc["logme"]
    found = cells(page_of(scores, truth), "logme")
    assert found[1] == f"{summary['mean_weighted_tau']:+.2f}"
    assert found[2] == f"{summary['p_value']:.3f}"
    assert found[4] == f"{summary['ci_low']:+.2f} to {summary['ci_high']:+.2f}"
    assert found[7] == f"{summary['regret_at_1']:.1f}"
    taus = correlate(scores, truth).set_index(["task", "metric"])["weighted_tau"]
    found = cells(page_of(scores, truth), "logme", 1)
    assert found[2] == f"{taus['land', 'logme']:+.2f}"


def test_the_verdicts_are_those_of_the_table():
    truth = tables.truth(tasks={f"task {i}": "natural" for i in range(6)})
    pool = truth[truth["in_pool"]].rename(columns={"accuracy": "score"})
    page = page_of(pool.assign(metric="logme"), truth)
    assert "Beyond chance, corrected for 1 metric: logme." in page
    few = truth[truth["method"].isin(tables.METHODS[:3])]
    page = page_of(pool.assign(metric="logme"), few)
    assert "Beyond chance" not in page
    assert "With 3 methods on 6 tasks no ranking can be told from chance" in page
    assert "top 3" not in page.splitlines()[2]


def test_a_small_p_value_is_not_nought():
    truth = tables.truth(tasks={f"task {i}": "natural" for i in range(6)})
    pool = truth[truth["in_pool"]].rename(columns={"accuracy": "score"})
    assert cells(page_of(pool.assign(metric="logme"), truth), "logme")[2] == "<.001"


def test_the_lines_of_a_table_are_equally_long():
    page = page_of(tables.scores(), tables.truth())
    for table in page.split("\n\n"):
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert len({len(line) for line in lines}) <= 1


@pytest.mark.parametrize("n_tasks", [1, 8, 19])
def test_the_page_is_no_wider_than_a_terminal(n_tasks):
    tasks = {f"task number {i}": "natural" for i in range(n_tasks)}
    page = page_of(tables.scores(tasks=tasks), tables.truth(tasks=tasks))
    assert max(map(len, page.splitlines())) <= 100
    assert all(task in page for task in tasks)


def test_what_is_undefined_is_said_or_left_empty():
    scores = tables.scores()
    lost = scores["task"] == "land"
    gap = scores.assign(score=scores["score"].mask(lost))
    page = page_of(gap, tables.truth())
    assert "fewer tasks than there are: logme 2 of 3." in page
    assert cells(page, "logme")[4] == ""
    assert cells(page, "logme", 1)[2] == "undefined"
    nothing = page_of(scores.assign(score=np.nan), tables.truth())
    assert cells(nothing, "logme")[1:4] == ["n/a", "", ""]
    assert "logme 0 of 3" in nothing


def test_one_seed_has_no_reliability():
    page = page_of(tables.scores([0]), tables.truth([0]))
    assert "reliability is unknown" in page

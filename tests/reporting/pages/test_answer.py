"""The answer in a few lines, over invented tables."""

import math

import pandas as pd
import pytest

from peftdiff.evaluation.correlation import reliabilities
from peftdiff.evaluation.summary import summarize
from peftdiff.reporting.labels import method_label
from peftdiff.reporting.pages.answer import answer_page
from tests.helpers import tables


def answer(scores, truth, width=100):
    found = {
        "summary": summarize(scores, truth),
        "scores": scores,
        "ground_truth": truth,
        "reliability": reliabilities(truth),
    }
    return answer_page(found, width)


def named(n_tasks):
    return {f"task {n}": "natural" for n in range(n_tasks)}


def like_truth(truth):
    """Return scores that rank the methods as the accuracies do."""
    pool = truth[truth["in_pool"]].rename(columns={"accuracy": "score"})
    return pool.assign(metric="peftdiff")


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("n_tasks", [1, 2, 6, 8, 9, 19])
def test_it_has_at_most_fourteen_lines_that_fit(n_tasks, width):
    tasks = named(n_tasks)
    truth = tables.truth(tasks=tasks)
    others = [
        tables.scores(tasks=tasks, metric=name) for name in ("logme", "sfda", "gbc")
    ]
    lines = answer(pd.concat([like_truth(truth), *others]), truth, width).splitlines()
    assert len(lines) <= 14
    assert max(map(len, lines)) <= width


def test_it_names_the_best_method_of_each_task_and_what_the_first_choice_loses():
    tasks = named(6)
    truth = tables.truth(tasks=tasks)
    text = answer(like_truth(truth), truth)
    means = truth[truth["in_pool"]].groupby(["task", "method"])["accuracy"].mean()
    for task, line in zip(tasks, text.splitlines()[1:], strict=False):
        best = means[task].idxmax()
        assert line.startswith(task)
        assert method_label(best) in line
        assert line.split()[-1] == "0.0"
    assert "better than chance here (mean weighted tau 1.00, p = " in text


def test_with_more_tasks_it_says_for_each_method_where_it_is_the_best():
    truth = tables.truth(tasks=named(19))
    text = answer(like_truth(truth), truth)
    assert sum(
        int(line.split(" is the best on ")[1].split(" task")[0])
        for line in text.splitlines()
        if " is the best on " in line
    ) == len(named(19))


def test_a_lead_is_sure_only_where_seeds_agree():
    """Leads of 1, 1, 1 are beyond noise, of 4, -2, 1 not; two seeds cannot tell."""
    for leads, words in (
        ((1.0, 1.1, 0.9), "LoRA (51.0 %) is the best"),
        ((4.0, -2.0, 1.0), "LoRA and VPT cannot be told apart"),
        ((1.0, 1.0), "whether another is as good cannot be told"),
    ):
        seeds = range(len(leads))
        truth = tables.truth(seeds, named(1), ["lora", "vpt"])
        truth.loc[truth["method"] == "lora", "accuracy"] = [50 + lead for lead in leads]
        truth.loc[truth["method"] == "vpt", "accuracy"] = 50.0
        assert words in answer(like_truth(truth), truth)


def test_what_is_unknown_is_not_said_in_numbers():
    truth = tables.truth(tasks=named(2))
    scores = like_truth(truth).assign(score=math.nan)
    text = answer(scores, truth)
    assert "has no ranking to be judged here: no score for" in text
    assert "nan" not in text


def of_one_task(accuracies, **test_set):
    truth = tables.counted({"pets": accuracies}, **test_set)
    return " ".join(answer(tables.scores_of(truth), truth).split())


def test_one_task_is_named_and_what_cannot_be_decided_is_said_once():
    text = of_one_task({"lora": [80.0], "vpt": [60.0], "bitfit": [50.0]})
    assert "pets: LoRA (80.0 %) is the best" in text
    assert text.count("no ranking can be told from chance") == 1
    assert "the smallest p-value possible is 0.333" in text
    for content in ("all tasks alike", "mean weighted tau", "random one"):
        assert content not in text


@pytest.mark.parametrize(
    ("accuracies", "test_set", "said"),
    [
        ({"lora": [23.0], "vpt": [22.0]}, {}, "none (at most 23.0 %) not from chance"),
        (
            {"lora": [99.0], "vpt": [99.0]},
            {"share": 98.0, "n_images": 200, "n_classes": 2},
            "No method can be told from always answering 'cat' (98.0 %)",
        ),
        (
            {"lora": [100.0] * 3, "vpt": [100.0] * 3},
            {},
            "LoRA and VPT cannot be told apart: each reaches 100.0 %",
        ),
    ],
)
def test_accuracies_that_say_nothing_get_no_advice(accuracies, test_set, said):
    text = of_one_task(accuracies, **test_set)
    assert said in text
    assert "No ranking of the methods means anything here" in text
    for advice in ("is the best", "loses", "better than chance", "in hindsight"):
        assert advice not in text

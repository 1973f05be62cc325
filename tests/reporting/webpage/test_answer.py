import math

import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation.first_choice import Choice, Lead
from peftdiff.reporting.webpage.answer import answer, subject_of
from peftdiff.reporting.webpage.cards import cards
from peftdiff.reporting.webpage.cells import BAD, GOOD, NEAR, OPEN
from peftdiff.reporting.webpage.cost import cost_sentence
from tests.helpers import tables


def said(experiment, config=None):
    found = answer(experiment.tables, config or {})
    return found, dict(found.points)


def like_truth(truth, metric, sign=1):
    """Return scores that rank the methods as the accuracies do, or the other way."""
    pool = truth[truth["in_pool"]].rename(columns={"accuracy": "score"})
    return pool.assign(metric=metric, score=sign * pool["score"])


def test_a_ranking_by_chance_is_said_to_be_one(whole):
    found, points = said(whole)
    summary = whole.tables["summary"].set_index("metric")
    assert found.state == BAD
    expected = "Do not choose by LogME here: its ranking cannot be told from chance."
    assert found.headline == expected
    assert (
        f"{summary.loc['logme', 'regret_at_1']:.1f} points"
        in points["What it is worth"]
    )
    assert "over 3 tasks (95 % interval" in points["How sure"]
    assert points["Other metrics"].startswith("No other metric is beyond chance")
    assert points["How far it holds"].startswith("3 tasks, 5 methods, 3 seeds.")


def test_a_ranking_that_is_right_is_recommended(experiment):
    tasks = {f"task {n}": "natural" for n in range(6)}
    truth = tables.truth(tasks=tasks)
    scores = pd.concat(
        [like_truth(truth, "peftdiff"), tables.scores(tasks=tasks, metric="knn")]
    )
    found, points = said(experiment(scores, truth, tables.components(tasks=tasks)))
    assert found.state == GOOD
    assert found.headline == "PEFTDiff ranks the methods better than chance here."
    assert found.advice == "Its first choice loses 0.0 points of accuracy on average."
    assert (
        "1.00 over 6 tasks (95 % interval 1.00 to 1.00, p\u00a0=\u00a00.0"
        in (points["How sure"])
    )


def test_another_metric_is_named_where_it_is_better(experiment):
    tasks = {f"task {n}": "natural" for n in range(6)}
    truth = tables.truth(tasks=tasks)
    scores = pd.concat(
        [tables.scores(tasks=tasks), like_truth(truth, "knn")], ignore_index=True
    ).assign(experiment="test")
    found, points = said(experiment(scores, truth))
    assert found.state == BAD
    assert "Instead: rank by k-NN, which is beyond chance here" in found.advice
    assert (
        "once it is allowed for that 2 metrics were tried: k-NN (1.00"
        in (points["Other metrics"])
    )


def test_a_ranking_upside_down_is_worse_than_chance(experiment):
    tasks = {f"task {n}": "natural" for n in range(6)}
    truth = tables.truth(tasks=tasks)
    found, _ = said(experiment(like_truth(truth, "logme", -1), truth))
    assert (
        found.headline
        == "Do not choose by LogME here: it ranks worse than chance does."
    )


def test_a_metric_without_any_tau_is_not_judged(experiment):
    scores = tables.scores().assign(score=np.nan)
    found, points = said(experiment(scores, tables.truth()))
    assert found.state == OPEN
    assert found.headline == "Whether LogME ranks better than chance is not known here."
    assert points["How sure"] == "LogME has no weighted tau on any task."
    assert "What it is worth" not in points


def test_missing_tasks_are_counted_and_named(experiment):
    scores, truth = tables.scores(), tables.truth()
    config = {"tasks": [*tables.TASKS, "count", "dist"]}
    lost = scores["task"] == "land"
    gap = scores.assign(score=scores["score"].mask(lost))
    _, points = said(experiment(gap, truth), config)
    assert points["How far it holds"].startswith(
        "3 of 5 tasks, 5 methods, 3 seeds (missing: Count and Distance)."
    )
    assert "over 2 of 3 tasks (too few tasks for an interval" in points["How sure"]


def test_one_seed_leaves_the_reliability_open(experiment):
    _, points = said(experiment(tables.scores([0]), tables.truth([0])))
    assert points["Can the accuracies be trusted?"].startswith("Not known")


def test_the_page_is_about_peftdiff_where_it_is_there(whole):
    summary = whole.tables["summary"]
    assert subject_of(summary) == "logme"
    more = summary.head(1).assign(metric="peftdiff")
    assert subject_of(pd.concat([summary, more])) == "peftdiff"


def test_the_cost_is_read_from_the_best_table_there_is(whole):
    scores, truth = (whole.tables[name] for name in ("scores", "ground_truth"))
    text = cost_sentence("logme", scores, truth)
    # 3 tasks, 5 methods, 3 seeds: half a second and a minute each.
    assert (
        "LogME's scores took 22 seconds, fine-tuning the same pool 45 minutes" in text
    )
    assert "120 times as long; the time to embed the images is not" in text
    timing = pd.DataFrame(
        {
            "stage": ["embed", "score:logme", "fine_tune", "source_training"],
            "seconds": [20.0, 10.0, 6000.0, 500.0],
        }
    )
    text = cost_sentence("logme", scores, truth, timing)
    assert "took 30 seconds, fine-tuning the same pool 100 minutes, 200 times" in text
    part = timing[timing["stage"] != "embed"]
    assert cost_sentence("logme", scores, truth, part) == cost_sentence(
        "logme", scores, truth
    )
    unknown = cost_sentence("logme", scores.drop(columns="seconds"), truth)
    assert "do not say how long" in unknown


SURE, NOISE = Lead(2.0, 0.5, 5), Lead(0.3, -0.2, 5)


def choice(**changes):
    common = {
        "task": "digits",
        "best": ["lora"],
        "best_accuracy": 80.0,
        "first": ["vpt"],
        "first_accuracy": 78.0,
        "place": 3,
        "of": 5,
        "lost": 2.0,
        "runner_up": "bitfit",
        "lead": NOISE,
        "lead_over_first": SURE,
    }
    return Choice(**(common | changes))


@pytest.mark.parametrize(
    ("changes", "state", "badge", "sentences"),
    [
        (
            {},
            BAD,
            "PEFTDiff loses 2.0",
            [
                "Best after fine-tuning: 80.0 %.",
                "PEFTDiff's first choice, VPT, reaches 78.0 %, 3rd of 5: 2.0 points"
                " lost, beyond the spread of 5 seeds.",
                "BitFit may be as good: 0.3 points behind, within the spread of 5"
                " seeds.",
            ],
        ),
        (
            {"first": ["lora"], "lost": 0.0, "place": 1, "lead": SURE},
            GOOD,
            "PEFTDiff agrees",
            [
                "Best after fine-tuning: 80.0 %.",
                "Also PEFTDiff's first choice.",
                "Ahead of BitFit by 2.0 points, beyond the spread of 5 seeds.",
            ],
        ),
        (
            {"first": ["bitfit"], "lost": 0.3, "place": 2, "lead_over_first": NOISE},
            NEAR,
            "PEFTDiff within the noise",
            [
                "Best after fine-tuning: 80.0 %.",
                "PEFTDiff's first choice, BitFit, reaches 78.0 %, 2nd of 5: 0.3 points"
                " lost, within the spread of 5 seeds.",
            ],
        ),
        (
            {"first": ["lora", "vpt"], "lost": 1.0, "lead": Lead(1.0, math.nan, 2)},
            BAD,
            "PEFTDiff loses 1.0",
            [
                "Best after fine-tuning: 80.0 %.",
                "PEFTDiff cannot decide between LoRA and VPT: 1.0 point lost on"
                " average.",
                "Ahead of BitFit by 1.0 point, by 2 seeds, too few to be sure.",
            ],
        ),
        (
            {"first": [], "lost": math.nan, "runner_up": ""},
            OPEN,
            "PEFTDiff: no ranking",
            [
                "Best after fine-tuning: 80.0 %.",
                "PEFTDiff does not score every method, so that it has no first choice.",
                "There is no other method to compare with.",
            ],
        ),
        (
            {"best": [], "lost": math.nan},
            OPEN,
            "PEFTDiff: cannot be judged",
            ["PEFTDiff's first choice; there are no accuracies to compare with."],
        ),
    ],
)
def test_a_card_for_each_case(changes, state, badge, sentences):
    (card,) = cards([choice(**changes)], {"digits": "natural"}, "peftdiff")
    assert (card.state, card.badge, card.sentences) == (state, badge, sentences)
    assert (card.task, card.group) == ("Digits", "Natural")
    assert card.use == ("VPT" if changes.get("best") == [] else "LoRA")


def test_cards_stand_in_the_order_of_tasks():
    chosen = [choice(task=task) for task in ("dsloc", "unheard of", "digits")]
    found = [card.task for card in cards(chosen, {}, "peftdiff")]
    assert found == ["Digits", "Sprite-Loc", "unheard of"]

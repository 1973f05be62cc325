"""The opening of the page: what is said in each case, as it is read."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation.first_choice import Choice, Lead
from peftdiff.reporting.webpage import render
from peftdiff.reporting.webpage.answer import cost_of, subject_of
from tests.helpers import study_tables, tables
from tests.helpers.webpage import Opening, parts

SIX = {f"task {n}": "natural" for n in range(6)}


def opening(experiment, config=None):
    return Opening(experiment.html(record={"config": config or {}}))


def like_truth(truth, metric, sign=1):
    """Return scores that rank the methods as the accuracies do, or the other way."""
    pool = truth[truth["in_pool"]].rename(columns={"accuracy": "score"})
    return pool.assign(metric=metric, score=sign * pool["score"])


def test_a_ranking_by_chance_is_said_to_be_one(whole):
    found = opening(whole)
    summary = whole.tables["summary"].set_index("metric")
    assert found.state == "bad"
    assert found.headline.startswith("Do not choose by LogME here")
    lost = f"{summary.loc['logme', 'regret_at_1']:.1f} points"
    assert lost in found.points["What it is worth"]
    assert "over 3 tasks (95 % interval" in found.points["How sure"]
    assert found.points["Other metrics"].startswith("No other metric is beyond chance")
    assert "3 tasks, 5 methods and 3 seeds." in found.points["How far it holds"]


def test_a_ranking_that_is_right_is_recommended(experiment):
    truth = tables.truth(tasks=SIX)
    scores = pd.concat(
        [like_truth(truth, "peftdiff"), tables.scores(tasks=SIX, metric="knn")]
    )
    found = opening(experiment(scores, truth, tables.components(tasks=SIX)))
    assert found.state == "good"
    assert found.headline.startswith("PEFTDiff ranks the methods better than chance")
    assert "loses 0.0 points of accuracy" in found.headline
    assert "1.00 over 6 tasks (95 % interval 1.00 to 1.00" in found.points["How sure"]


def test_a_good_ranking_among_many_metrics_is_said_to_be_possible_luck(experiment):
    truth = tables.truth(tasks=SIX)
    found = experiment(
        pd.concat([like_truth(truth, "logme"), tables.scores(tasks=SIX, metric="knn")]),
        truth,
    )
    summary = found.tables["summary"]
    own = summary["metric"] == "logme"
    found.tables["summary"] = summary.assign(
        verdict=summary["verdict"].mask(own, "beyond chance only if tried alone")
    )
    shown = opening(found)
    assert shown.state == "near"
    assert "among the 2 metrics tried, one may look so by luck" in shown.headline


def test_another_metric_is_named_where_it_is_better(experiment):
    truth = tables.truth(tasks=SIX)
    scores = pd.concat(
        [tables.scores(tasks=SIX), like_truth(truth, "knn")], ignore_index=True
    ).assign(experiment="test")
    found = opening(experiment(scores, truth))
    assert found.state == "bad"
    assert "Instead: rank by k-NN, which is beyond chance here" in found.headline
    assert "2 metrics were tried: k-NN (1.00" in found.points["Other metrics"]


def test_a_ranking_upside_down_is_worse_than_chance(experiment):
    truth = tables.truth(tasks=SIX)
    found = opening(experiment(like_truth(truth, "logme", -1), truth))
    assert found.state == "bad"
    assert "it ranks worse than chance does" in found.headline


def test_a_metric_without_any_tau_is_not_judged(experiment):
    scores = tables.scores().assign(score=np.nan)
    found = opening(experiment(scores, tables.truth()))
    assert found.state == "open"
    assert "is not known here" in found.headline
    assert found.points["How sure"] == "LogME has no weighted tau on any task."
    assert "What it is worth" not in found.points


def test_one_task_of_three_methods_decides_nothing(experiment):
    own = {"pets": "natural"}
    arguments = {"tasks": own, "methods": tables.METHODS[:3]}
    scores, truth = tables.scores(**arguments), tables.truth(**arguments)
    found = opening(
        experiment(scores, truth), {"data": {"image_folders": {"pets": "photos"}}}
    )
    assert found.state == "open"
    assert "cannot be told from so little: with 3 methods and 1 task" in found.headline
    assert "p-value of at least 0.33" in found.headline
    assert "Do not choose" not in found.headline
    # Three choices of three methods hold the best one anyway.
    assert "three" not in found.points["What it is worth"]
    html = experiment(scores, truth).html()
    assert "no test of the metrics" in html
    assert 'id="table-friedman"' not in html
    assert "Top 3, %" not in html


def test_ones_own_images_are_named(whole, visible):
    config = {"data": {"image_folders": {"land": "photos/land", "unused": "x"}}}
    text = visible(whole.html(record={"config": config}))
    assert "Your own images are Land." in text
    assert "Your own images" not in visible(whole.html())


def test_missing_tasks_are_counted_and_named(experiment):
    scores, truth = tables.scores(), tables.truth()
    config = {"tasks": [*tables.TASKS, "count", "dist"]}
    lost = scores["task"] == "land"
    gap = scores.assign(score=scores["score"].mask(lost))
    found = opening(experiment(gap, truth), config)
    scope = found.points["How far it holds"]
    assert "3 of 5 tasks (missing: Count and Distance), 5 methods" in scope
    assert (
        "over 2 of 3 tasks (too few tasks for an interval" in (found.points["How sure"])
    )


@pytest.mark.parametrize(
    ("architecture", "said"),
    [
        ("vit_base", "with the backbone vit_base"),
        ({"depth": 4, "width": 64}, "a small vision transformer as the backbone (4"),
        ({"depth": 12, "width": 768}, "with a vision transformer as the backbone (12"),
    ],
)
def test_the_backbone_is_named(whole, architecture, said):
    found = opening(whole, {"backbone": {"architecture": architecture}})
    assert said in found.points["How far it holds"]


def test_one_seed_leaves_the_reliability_open(experiment):
    found = opening(experiment(tables.scores([0]), tables.truth([0])))
    assert found.points["Can the accuracies be trusted?"].startswith("Not known")


def test_the_page_is_about_peftdiff_where_it_is_there(whole):
    summary = whole.tables["summary"]
    assert subject_of(summary) == "logme"
    more = summary.head(1).assign(metric="peftdiff")
    assert subject_of(pd.concat([summary, more])) == "peftdiff"


def test_the_cost_is_read_from_the_best_table_there_is(whole):
    scores, truth = (whole.tables[name] for name in ("scores", "ground_truth"))
    # 3 tasks, 5 methods, 3 seeds: half a second and a minute each.
    cost = cost_of("logme", scores, truth)
    assert (cost.scoring, cost.fine_tuning) == (22.5, 45 * 60)
    # Without the embedding there is no speed-up: it would be far too large.
    assert math.isnan(cost.speed_up)
    timing = study_tables.timing({"natural": ("digits", "land")})
    cost = cost_of("logme", scores, truth, timing)
    assert cost.with_embedding
    assert (cost.scoring, cost.fine_tuning) == pytest.approx((4 * 9, 4 * 1200))
    assert cost.speed_up == pytest.approx(1200 / 9)
    part = timing[timing["stage"] != "fine_tune"]
    assert cost_of("logme", scores, truth, part).scoring == 22.5
    assert math.isnan(cost_of("logme", scores.drop(columns="seconds"), truth).scoring)


def test_no_sentence_speaks_of_no_time(experiment):
    found = experiment(tables.scores(), tables.truth())
    found.tables["scores"] = found.tables["scores"].assign(seconds=1e-5)
    said = opening(found).points["What it cost"]
    assert "took less than a tenth of a second" in said
    assert "0.0" not in said


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


def cards(whole, chosen):
    page = replace(
        whole.page(), choices=chosen, groups={c.task: "natural" for c in chosen}
    )
    found = Opening(render(page, {}, parts()))
    return list(zip(found.badges, found.cards, strict=True))


@pytest.mark.parametrize(
    ("changes", "state", "badge", "sentences"),
    [
        (
            {},
            "bad",
            "LogME loses 2.0",
            [
                "It is the best after fine-tuning: 80.0 %.",
                "LogME's first choice, VPT, reaches 78.0 %, 3rd of 5: 2.0 points lost,"
                " beyond the spread of 5 seeds.",
                "BitFit may be as good: 0.3 points behind, within the spread of 5"
                " seeds.",
            ],
        ),
        (
            {"first": ["lora"], "lost": 0.0, "place": 1, "lead": SURE},
            "good",
            "LogME agrees",
            [
                "It is the best after fine-tuning: 80.0 %.",
                "It is also LogME's first choice.",
                "It is ahead of BitFit by 2.0 points, beyond the spread of 5 seeds.",
            ],
        ),
        (
            {"first": ["bitfit"], "lost": 0.3, "place": 2, "lead_over_first": NOISE},
            "near",
            "LogME within the noise",
            [
                "It is the best after fine-tuning: 80.0 %.",
                "LogME's first choice, BitFit, reaches 78.0 %, 2nd of 5: 0.3 points"
                " lost, within the spread of 5 seeds.",
            ],
        ),
        (
            {"first": ["lora", "vpt"], "lost": 1.0, "lead": Lead(1.0, math.nan, 2)},
            "bad",
            "LogME loses 1.0",
            [
                "It is the best after fine-tuning: 80.0 %.",
                "LogME cannot decide between LoRA and VPT: 1.0 point lost on average.",
                "It is ahead of BitFit by 1.0 point (2 seeds, too few to be sure).",
            ],
        ),
        (
            {"first": [], "lost": math.nan, "runner_up": ""},
            "open",
            "LogME: no ranking",
            [
                "It is the best after fine-tuning: 80.0 %.",
                "LogME does not score every method, so that it has no first choice.",
                "There is no other method to compare with.",
            ],
        ),
        (
            {"best": [], "lost": math.nan},
            "open",
            "LogME: cannot be judged",
            ["This is LogME's first choice; there are no accuracies to compare with."],
        ),
    ],
)
def test_a_card_for_each_case(whole, changes, state, badge, sentences):
    ((found, words),) = cards(whole, [choice(**changes)])
    use = "VPT" if changes.get("best") == [] else "LoRA"
    assert words == ["Digits Natural", use, badge, *sentences]
    assert found == state


def test_cards_stand_in_the_order_of_tasks(experiment):
    names = {"dsloc": "structured", "unheard of": "", "digits": "natural"}
    found = experiment(tables.scores(tasks=names), tables.truth(tasks=names))
    tasks = [choice.task for choice in found.page().choices]
    assert tasks == ["digits", "dsloc", "unheard of"]

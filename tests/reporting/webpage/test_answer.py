"""The opening of the page: what is said in each case, as it is read."""

import math

import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation.studies.times import times_by_group
from peftdiff.reporting.webpage.answer import cost_of, subject_of
from tests.helpers import study_tables, tables
from tests.helpers.webpage import Opening

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
    reason = "no score for lora, vpt, bitfit, adapter, noah."
    assert f"has no ranking to be judged here: {reason}" in found.headline
    assert found.points["How sure"].endswith(f"no weighted tau on any task: {reason}")
    assert "What it is worth" not in found.points


def test_one_task_of_three_methods_decides_nothing(experiment):
    own = {"pets": "natural"}
    arguments = {"tasks": own, "methods": tables.METHODS[:3]}
    scores, truth = tables.scores(**arguments), tables.truth(**arguments)
    found = opening(
        experiment(scores, truth), {"data": {"image_folders": {"pets": "photos"}}}
    )
    assert found.state == "open"
    assert found.headline.startswith("With 3 methods on 1 task no ranking can be told")
    assert "the smallest p-value possible is 0.333." in found.headline
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
    cost = cost_of("logme", scores, truth, times_by_group(timing))
    assert cost.with_embedding
    assert (cost.scoring, cost.fine_tuning) == pytest.approx((4 * 9, 4 * 1200))
    assert cost.speed_up == pytest.approx(1200 / 9)
    part = timing[timing["stage"] != "fine_tune"]
    assert cost_of("logme", scores, truth, times_by_group(part)).scoring == 22.5
    assert math.isnan(cost_of("logme", scores.drop(columns="seconds"), truth).scoring)


def test_no_sentence_speaks_of_no_time(experiment):
    found = experiment(tables.scores(), tables.truth())
    found.tables["scores"] = found.tables["scores"].assign(seconds=1e-5)
    said = opening(found).points["What it cost"]
    assert "took less than a tenth of a second" in said
    assert "0.0" not in said


STEADY = {"lora": [80.0, 80.1, 79.9], "vpt": [79.8] * 3, "bitfit": [50.0, 50.1, 49.9]}
CLEAR = {"lora": [80.0, 80.1, 79.9], "bitfit": [50.0, 50.1, 49.9], "vpt": [40.0] * 3}


def page_of_one(experiment, accuracies, ranking="lora", **test_set):
    """Return the opening of one own task, on which LogME ranks one method first."""
    truth = tables.counted({"pets": accuracies}, **test_set)
    order = {"bitfit": 2.0, "vpt": 1.5, ranking: 3.0}
    score = truth["method"].map(lambda name: order.get(name, 1.0))
    return opening(experiment(truth.assign(metric="logme", score=score), truth))


@pytest.mark.parametrize(
    ("accuracies", "ranking", "badge", "use", "sentences"),
    [
        (
            CLEAR,
            "bitfit",
            ["bad"],
            "LoRA",
            [
                "LoRA (80.0 %) is the best: BitFit is 30.0 points behind, which is more"
                " than the noise of 1000 test images and 3 seeds.",
                "LogME's first choice is BitFit: 50.0 %, 2nd of 3, 30.0 points lost.",
            ],
        ),
        (CLEAR, "lora", ["good"], "LoRA", ["LogME's first choice is LoRA, too."]),
        (
            STEADY,
            "vpt",
            ["near"],
            "LoRA",
            [
                "LoRA (80.0 %) has the highest accuracy, but VPT cannot be told from"
                " it. Of these LoRA trains the fewest parameters.",
                "LogME's first choice is VPT: 79.8 %, 2nd of 3, 0.2 points lost.",
            ],
        ),
        (STEADY, "lora", ["near"], "LoRA", []),
        # Too few seeds to color what the test images tell.
        (
            {"lora": [80.0], "bitfit": [50.0]},
            "bitfit",
            ["open"],
            "LoRA",
            ["LogME's first choice is BitFit: 50.0 %, 2nd of 2, 30.0 points lost."],
        ),
        ({"lora": [80.0], "bitfit": [50.0]}, "lora", [], "LoRA", []),
        # Nothing to be right or wrong about.
        (
            {"lora": [23.0], "vpt": [22.0]},
            "lora",
            [],
            "None",
            ["No method can be told from guessing (25.0 %)."],
        ),
        (
            {"lora": [100.0] * 3, "vpt": [100.0] * 3},
            "lora",
            [],
            "LoRA",
            [
                "LoRA and VPT cannot be told apart: each reaches 100.0 %. Of these LoRA"
                " trains the fewest parameters.",
                "LogME's first choice is LoRA.",
            ],
        ),
        (
            {"lora": [80.0]},
            "lora",
            [],
            "LoRA",
            ["LoRA (80.0 %) is the only method, beyond guessing (25.0 %)."],
        ),
    ],
)
def test_a_card_for_each_case(experiment, accuracies, ranking, badge, use, sentences):
    found = page_of_one(experiment, accuracies, ranking)
    assert found.badges == badge
    (card,) = found.cards
    assert card[:2] == ["pets", use]
    assert [s for s in sentences if s not in card] == []


def test_a_card_without_scores_or_without_accuracies(experiment):
    truth = tables.counted({"pets": CLEAR, "cars": CLEAR})
    scores = tables.scores_of(truth, ["logme"])
    lost = (scores["task"] == "pets") & (scores["method"] == "vpt")
    unknown = truth["task"] == "cars"
    gap = scores.assign(score=scores["score"].mask(lost))
    hole = truth.assign(accuracy=truth["accuracy"].mask(unknown))
    found = opening(experiment(gap, hole))
    first, second = found.cards
    assert found.badges == ["open", "open"]
    assert any("does not score every method" in said for said in first)
    assert "There are no accuracies." in second
    assert any("LogME's first choice" in said for said in second)


@pytest.mark.parametrize(
    ("accuracies", "test_set", "said"),
    [
        ({m: [23.0] for m in tables.METHODS}, {}, "guessing (25.0 %)"),
        (
            {m: [0.0] * 3 for m in tables.METHODS},
            {"n_images": 2000, "n_classes": 2000, "share": 0.05},
            "guessing (0.05 %)",
        ),
        (
            {m: [99.0] * 3 for m in tables.METHODS},
            {"n_images": 200, "n_classes": 2, "share": 98.0},
            "always answering 'cat' (98.0 %)",
        ),
        ({m: [100.0] * 3 for m in tables.METHODS}, {}, "each reaches 100.0 %"),
        (
            {m: [100.0 * (p > 1)] for p, m in enumerate(tables.METHODS)},
            {"n_images": 3, "n_classes": 2, "share": 200 / 3},
            "3 test images could not tell it from chance",
        ),
    ],
)
def test_where_accuracies_say_nothing_nothing_is_green_or_red(
    experiment, accuracies, test_set, said
):
    tasks = [f"task {n}" for n in range(6)]
    truth = tables.counted(dict.fromkeys(tasks, accuracies), **test_set)
    # A ranking that would be beyond chance, or below it, were it judged.
    order = {method: place for place, method in enumerate(tables.METHODS)}
    scores = truth.assign(metric="logme", score=truth["method"].map(order))
    found = experiment(scores, truth)
    for verdict in ("beyond chance", "worse than chance"):
        summary = found.tables["summary"]
        own = summary["metric"] == "logme"
        found.tables["summary"] = summary.assign(
            verdict=summary["verdict"].mask(own, verdict)
        )
        shown = opening(found)
        assert shown.state == "open"
        assert "No ranking of the methods means anything here" in shown.headline
        assert "take" not in shown.headline
        assert shown.badges == []
        assert all(any(said in line for line in card) for card in shown.cards)
        assert {"What it is worth", "Other metrics", "One method for all tasks"} & set(
            shown.points
        ) == set()


def test_no_single_method_is_advised_where_none_can_be_told_from_the_others(experiment):
    near = {method: [60.0 + place / 10] for place, method in enumerate(tables.METHODS)}
    apart = {"lora": [80.0], "vpt": [40.0]} | {m: [60.0] for m in tables.METHODS[2:]}
    # Where one is the best on one task and the worst on another, none is on average.
    other = {"lora": [40.0], "vpt": [80.0]} | {m: [60.0] for m in tables.METHODS[2:]}
    truth = tables.counted({"a": near, "b": apart, "c": other})
    found = opening(experiment(tables.scores_of(truth, ["logme"]), truth))
    assert "on every task" not in found.headline
    said = found.points["One method for all tasks"]
    assert "no other method can be told from it" in said


def test_cards_stand_in_the_order_of_tasks(experiment):
    names = {"dsloc": "structured", "unheard of": "", "digits": "natural"}
    found = experiment(tables.scores(tasks=names), tables.truth(tasks=names))
    tasks = [task.row["task"] for task in found.page().tasks]
    assert tasks == ["digits", "dsloc", "unheard of"]

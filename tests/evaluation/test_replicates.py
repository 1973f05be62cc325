import itertools

import numpy as np
import pytest
from scipy.stats import weightedtau

from peftdiff.evaluation.replicates import replicates
from peftdiff.statistics import reliability
from tests.helpers import tables

ALL = np.ones((1, 3))


def cell(table, task, method, column):
    rows = table[(table["task"] == task) & (table["method"] == method)]
    return rows.set_index("seed")[column]


def test_means_over_weighted_seeds():
    scores, truth = tables.scores(), tables.truth()
    found = replicates(scores, truth)
    assert found.seeds == [0, 1, 2]
    assert found.methods == sorted(tables.METHODS)
    place = found.tasks.index("land"), found.methods.index("vpt")
    weights = np.array([[1.0, 1, 1], [0, 2, 1]])
    own = cell(scores, "land", "vpt", "score")
    expected = [own.mean(), (2 * own[1] + own[2]) / 3]
    assert found.predict("logme", weights)[:, *place] == pytest.approx(expected)
    accuracy = cell(truth, "land", "vpt", "accuracy").mean()
    assert found.mean_accuracies(ALL)[0, *place] == pytest.approx(accuracy)


def test_intervals_draw_a_seed_with_its_scores_and_accuracies():
    scores, truth = tables.scores(), tables.truth()
    low, high = replicates(scores, truth).seed_intervals("logme")["dsloc"]
    own, accuracies = (
        table[(table["task"] == "dsloc") & (table["method"] != "full")].pivot_table(
            column, "seed", "method"
        )
        for table, column in ((scores, "score"), (truth, "accuracy"))
    )
    taus = [
        weightedtau(own.loc[list(s)].mean(), accuracies.loc[list(s)].mean()).statistic
        for s in itertools.product(range(3), repeat=3)
    ]
    assert (low, high) == pytest.approx(tuple(np.quantile(taus, [0.025, 0.975])))


def test_intervals_ignore_the_order_of_rows():
    scores, truth = tables.scores(range(7)), tables.truth(range(7))
    expected = replicates(scores, truth)
    found = replicates(tables.shuffled(scores), tables.shuffled(truth))
    for metric in ("logme", "static", "parameter_count"):
        assert found.seed_intervals(metric) == expected.seed_intervals(metric)
        assert found.reliabilities(metric) == expected.reliabilities(metric)


def test_seeds_without_noise_leave_no_interval_but_a_point():
    truth = tables.truth()
    truth["accuracy"] = truth.groupby(["task", "method"])["accuracy"].transform("mean")
    scores = tables.scores()
    scores["score"] = scores.groupby(["task", "method"])["score"].transform("mean")
    found = replicates(scores, truth)
    for metric in ("logme", "static", "parameter_count"):
        for low, high in found.seed_intervals(metric).values():
            assert low == pytest.approx(high)


@pytest.mark.parametrize(("of_scores", "of_truth"), [(2, 3), (3, 2), (1, 1)])
def test_two_seeds_are_too_few(of_scores, of_truth):
    scores, truth = tables.scores(range(of_scores)), tables.truth(range(of_truth))
    found = replicates(scores, truth)
    assert not any(found.has_enough_seeds("logme").values())
    assert np.isnan(list(found.seed_intervals("logme").values())).all()
    assert all(found.has_enough_seeds("static").values()) == (of_truth == 3)


def test_seeds_that_only_the_accuracies_have_are_drawn_too():
    found = replicates(tables.scores(range(3)), tables.truth(range(5)))
    assert all(found.has_enough_seeds("logme").values())
    assert np.isfinite(list(found.seed_intervals("logme").values())).all()
    # A sample of seeds without scores has none, rather than half of them.
    assert np.isnan(found.predict("logme", np.array([[0.0, 0, 0, 2, 3]]))).all()


def test_an_empty_score_is_undefined_and_an_absent_seed_is_not():
    scores, truth = tables.scores(), tables.truth()
    lost = (scores["task"] == "land") & (scores["method"] == "vpt")
    lost &= scores["seed"] == 1
    gap = scores.assign(score=scores["score"].mask(lost))
    found = replicates(gap, truth)
    assert np.isnan(found.predict("logme", ALL)).sum() == 1
    assert np.isnan(found.seed_intervals("logme")["land"]).all()
    assert np.isfinite(found.seed_intervals("logme")["digits"]).all()
    rest = replicates(scores[~lost], truth)
    place = rest.tasks.index("land"), rest.methods.index("vpt")
    expected = cell(scores[~lost], "land", "vpt", "score").mean()
    assert rest.predict("logme", ALL)[0, *place] == pytest.approx(expected)


def test_reliability_of_scores_is_that_of_halves():
    scores, truth = tables.scores(range(5)), tables.truth(range(5))
    found = replicates(scores, truth)
    for task, value in found.reliabilities("logme").items():
        own = scores[scores["task"] == task].pivot_table("score", "seed", "method")
        assert value == pytest.approx(reliability(own))
    assert set(found.reliabilities("parameter_count").values()) == {1.0}
    alone = replicates(tables.scores([0]), tables.truth())
    assert np.isnan(list(alone.reliabilities("logme").values())).all()


def test_ties_of_mean_accuracies_do_not_hang_on_rounding():
    truth = tables.truth()
    sums = {"lora": [0.1, 0.2, 0.3], "vpt": [0.3, 0.2, 0.1]}
    for method, values in sums.items():
        own = (truth["method"] == method) & (truth["task"] == "land")
        truth.loc[own, "accuracy"] = values
    found = replicates(tables.scores(), truth)
    means = found.mean_accuracies(ALL)[0, found.tasks.index("land")]
    assert means[found.methods.index("lora")] == means[found.methods.index("vpt")]

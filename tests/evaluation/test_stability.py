import numpy as np
import pandas as pd
import pytest

from peftdiff.diffusion import rank_pool
from peftdiff.evaluation.correlation import correlate
from peftdiff.evaluation.stability import leave_methods_out
from tests.helpers import tables

LOGME, TRUTH, COMPONENTS = tables.scores(), tables.truth(), tables.components()


def pooled(components):
    """Return peftdiff's scores among the models of a table of components."""
    rows = []
    for (task, seed), models in components.groupby(["task", "seed"]):
        pool = {m.model: (m.intra, m.inter) for m in models.itertuples()}
        for method, score in rank_pool(pool, (0.1, 0.2)).items():
            rows.append(("test", task, method, int(seed), "peftdiff", score))
    names = ["experiment", "task", "method", "seed", "metric", "score"]
    return pd.DataFrame(rows, columns=names)


SCORES = pd.concat([pooled(COMPONENTS), LOGME], ignore_index=True)


def row_of(table, metric, left_out):
    chosen = (table["metric"] == metric) & (table["left_out"] == left_out)
    (row,) = table[chosen].to_dict("records")
    return row


@pytest.fixture(scope="module")
def stability():
    return leave_methods_out(SCORES, TRUTH, COMPONENTS)


def test_a_row_for_each_metric_and_method(stability):
    metrics = ["peftdiff", "logme", "static", "parameter_count"]
    expected = [(metric, method) for metric in metrics for method in tables.METHODS]
    found = list(zip(stability["metric"], stability["left_out"], strict=True))
    assert sorted(found) == sorted(expected)
    assert list(dict.fromkeys(stability["metric"])) == metrics
    assert set(stability["note"]) == {""}


@pytest.mark.parametrize("method", tables.METHODS)
def test_taus_are_those_of_an_experiment_without_the_method(stability, method):
    rest = [t[t["method"] != method] for t in (LOGME, TRUTH)]
    again = pooled(COMPONENTS[COMPONENTS["model"] != method])
    taus = correlate(pd.concat([again, rest[0]]), rest[1]).groupby("metric")
    for metric in ("peftdiff", "logme", "static", "parameter_count"):
        expected = taus.get_group(metric)["weighted_tau"].mean()
        row = row_of(stability, metric, method)
        assert row["mean_weighted_tau"] == pytest.approx(expected)
        assert row["n_tasks"] == 3


def test_first_choices_by_enumeration(stability):
    means = SCORES.groupby(["metric", "task", "method"])["score"].mean()
    for method in tables.METHODS:
        again = pooled(COMPONENTS[COMPONENTS["model"] != method])
        after = again.groupby(["task", "method"])["score"].mean()
        first = {task: means["peftdiff", task].idxmax() for task in tables.TASKS}
        was = [task for task in first if first[task] == method]
        changed = [
            task
            for task in first
            if task not in was and after[task].idxmax() != first[task]
        ]
        row = row_of(stability, "peftdiff", method)
        assert row["was_first_choice"] == len(was)
        assert row["first_choice_changed"] == len(changed)


def test_a_score_that_stands_alone_keeps_its_first_choice(stability):
    own = stability[stability["metric"].isin(["logme", "parameter_count"])]
    assert (own["first_choice_changed"] == 0).all()
    totals = own.groupby("metric")["was_first_choice"].sum()
    assert set(totals) == {3}  # On each task, one of the methods was the first choice.


def test_a_pool_can_change_its_mind():
    # Seen from the outlier d, a is better than b by its intra; without d, b by its
    # inter, which then spans the whole range.
    parts = {"a": (0.1, 0.2), "b": (0.5, 0.4), "c": (0.6, 0.1), "d": (9.0, 0.5)}
    rows = [("digits", model, 0, *pair) for model, pair in parts.items()]
    rows.append(("digits", "backbone", None, 0.1, 0.2))
    names = ["task", "model", "seed", "intra", "inter"]
    components = pd.DataFrame(rows, columns=names)
    scores = pooled(components[components["model"] != "backbone"])
    truth = tables.truth([0], {"digits": "natural"}, list(parts))
    table = leave_methods_out(scores, truth, components)
    first = scores.set_index("method")["score"].idxmax()
    for method in parts:
        rest = components[~components["model"].isin([method, "backbone"])]
        after = pooled(rest).set_index("method")["score"].idxmax()
        row = row_of(table, "peftdiff", method)
        assert row["first_choice_changed"] == (first not in (method, after))
    assert table["first_choice_changed"].sum() > 0


def test_without_components_it_says_so():
    table = leave_methods_out(SCORES, TRUTH, COMPONENTS.drop(columns="inter"))
    own = table[table["metric"] == "peftdiff"]
    assert set(own["note"]) == {"components.csv lacks inter"}
    assert own["mean_weighted_tau"].isna().all()
    rest = table[table["metric"] != "peftdiff"]
    assert rest["mean_weighted_tau"].notna().all()
    alone = leave_methods_out(LOGME, TRUTH, pd.DataFrame())
    assert set(alone["metric"]) == {"logme", "static", "parameter_count"}


def test_an_undefined_component_is_cured_by_leaving_its_method():
    lost = (COMPONENTS["task"] == "land") & (COMPONENTS["model"] == "vpt")
    gap = COMPONENTS.assign(intra=COMPONENTS["intra"].mask(lost))
    undefined = (SCORES["task"] == "land") & (SCORES["method"] == "vpt")
    undefined &= SCORES["metric"] == "peftdiff"
    scores = SCORES.assign(score=SCORES["score"].mask(undefined))
    table = leave_methods_out(scores, TRUTH, gap)
    assert row_of(table, "peftdiff", "vpt")["n_tasks"] == 3
    row = row_of(table, "peftdiff", "lora")
    assert (row["n_tasks"], row["note"]) == (
        2,
        "2 of 3 tasks: undefined on land",
    )


def test_a_pool_of_two_leaves_nothing_to_rank():
    methods = ["lora", "vpt"]
    table = leave_methods_out(
        tables.scores(methods=methods), tables.truth(methods=methods), pd.DataFrame()
    )
    assert (table["n_tasks"] == 0).all()
    assert np.isnan(table["mean_weighted_tau"]).all()


def test_the_order_of_rows_does_not_matter(stability):
    found = leave_methods_out(*map(tables.shuffled, (SCORES, TRUTH, COMPONENTS)))
    pd.testing.assert_frame_equal(
        found.sort_values(["metric", "left_out"], ignore_index=True),
        stability.sort_values(["metric", "left_out"], ignore_index=True),
    )

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from peftdiff.evaluation.published import (
    POOL,
    SOURCES,
    ceilings,
    compare_sources,
    means_over_tasks,
    metric_taus,
    shuffled_nulls,
    source_label,
)
from peftdiff.statistics import null_distribution

KEYS = ["kind", "ranking", "truth", "task"]
COLUMNS = [*KEYS, "group", "weighted_tau", "n_methods", "null_sd", "note"]
OLD, NEW, PAPERS, STUDY = SOURCES
NO_NULLS = pd.DataFrame(columns=["kind", "ranking", "truth", "group", "null_sd"])


def by_cell(accuracies):
    """Return {source: {task: {method: accuracy}}} of the pool."""
    cells = {}
    for source, task, method, accuracy in accuracies[
        ["source", "task", "method", "accuracy"]
    ].itertuples(index=False):
        if method in POOL:
            cells.setdefault(source, {}).setdefault(task, {})[method] = accuracy
    return cells


def brute_tau(first, second):
    shared = [method for method in first if method in second]
    tau = stats.weightedtau(
        [first[method] for method in shared], [second[method] for method in shared]
    )
    return float(tau.statistic), len(shared)


def brute_static(table, task):
    """Return each method's mean rank on the other tasks."""
    ranks = {}
    for other, row in table.items():
        if other != task:
            for method, rank in zip(
                row, stats.rankdata(list(row.values())), strict=True
            ):
                ranks.setdefault(method, []).append(rank)
    return {method: sum(values) / len(values) for method, values in ranks.items()}


def brute(accuracies):
    """Return {(kind, ranking, truth, task): (tau, number of methods)}."""
    cells, found = by_cell(accuracies), {}
    for source, table in cells.items():
        for task, row in table.items():
            found["static", "static", source, task] = brute_tau(
                brute_static(table, task), row
            )
    for first, second in itertools.combinations(cells, 2):
        for task, row in cells[first].items():
            if task in cells[second]:
                found["agreement", first, second, task] = brute_tau(
                    row, cells[second][task]
                )
    return found


def check(taus, accuracies):
    expected = brute(accuracies)
    defined = taus[taus["note"] == ""].set_index(KEYS)
    assert set(defined.index) == set(expected)
    for key, (tau, count) in expected.items():
        assert defined.loc[key, "weighted_tau"] == pytest.approx(tau)
        assert defined.loc[key, "n_methods"] == count


def small(tasks=3, methods=5, sources=(OLD, NEW), seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        (source, f"task {task}", method, rng.uniform(20, 90))
        for source in sources
        for task in range(tasks)
        for method in POOL[:methods]
    ]
    return pd.DataFrame(rows, columns=["source", "task", "method", "accuracy"])


def groups_of(tasks=3):
    return {
        f"task {task}": "natural" if task else "structured" for task in range(tasks)
    }


def means_of(accuracies, groups):
    nulls = shuffled_nulls(accuracies, groups)
    return means_over_tasks(compare_sources(accuracies, groups), nulls)


def overall(means):
    chosen = means[means["group"] == "all"]
    return chosen.set_index(["kind", "ranking", "truth"])


def test_taus_are_those_of_loops_over_the_printed_cells(accuracies, groups):
    taus = compare_sources(accuracies, groups)
    assert list(taus.columns) == COLUMNS
    assert len(taus) == (4 + 6) * 19
    check(taus, accuracies)


def test_sources_are_compared_on_what_both_have(accuracies, groups):
    taus = compare_sources(accuracies, groups)
    pairs = taus[taus["kind"] == "agreement"]
    study = (pairs["ranking"] == STUDY) | (pairs["truth"] == STUDY)
    assert set(pairs.loc[study, "n_methods"]) == {7}
    assert set(pairs.loc[~study, "n_methods"]) == {9}
    null = {count: np.std(null_distribution(count)) for count in (7, 9)}
    expected = pairs["n_methods"].map(null)
    assert list(pairs["null_sd"]) == pytest.approx(list(expected))


def test_the_two_versions_of_one_table_agree_as_stated(accuracies, groups):
    means = overall(means_of(accuracies, groups))
    line = means.loc[("agreement", OLD, NEW)]
    assert round(line["weighted_tau"], 3) == 0.339
    assert (line["n_methods"], line["n_tasks"], line["n_tasks_listed"]) == (9, 19, 19)
    wide = accuracies[accuracies["method"].isin(POOL)].pivot(
        index=["task", "method"], columns="source", values="accuracy"
    )
    assert (wide[OLD] != wide[NEW]).sum() == 66


def test_missing_cells_are_left_out_and_counted(accuracies, groups):
    lost = (accuracies["task"] == "svhn") & (accuracies["source"] == NEW)
    lost &= accuracies["method"].isin(["lora", "noah"])
    kept = accuracies[~lost]
    taus = compare_sources(kept, groups)
    check(taus, kept)
    # An empty cell is as good as none.
    empty = accuracies.assign(accuracy=accuracies["accuracy"].mask(lost))
    pd.testing.assert_frame_equal(compare_sources(empty, groups), taus)
    line = taus.set_index(KEYS).loc[("agreement", OLD, NEW, "svhn")]
    assert line["n_methods"] == 7
    means = overall(means_over_tasks(taus, NO_NULLS))
    assert means.loc[("agreement", OLD, NEW), "n_methods"] == 7


def test_a_missing_task_is_an_empty_cell_with_a_note(accuracies, groups):
    lost = (accuracies["task"] == "kitti") & (accuracies["source"] == STUDY)
    kept = accuracies[~lost]
    taus = compare_sources(kept, groups)
    check(taus, kept)
    line = taus.set_index(KEYS).loc[("agreement", PAPERS, STUDY, "kitti")]
    assert math.isnan(line["weighted_tau"])
    assert line["n_methods"] == 0
    assert math.isnan(line["null_sd"])
    note = f"{PAPERS} and {STUDY} share fewer than two methods"
    assert line["note"] == note
    mean = overall(means_over_tasks(taus, NO_NULLS)).loc[("agreement", PAPERS, STUDY)]
    assert (mean["n_tasks"], mean["n_tasks_listed"]) == (18, 19)
    assert mean["n_methods"] == 7
    assert mean["note"] == f"no tau on kitti: {note}"


def test_equal_accuracies_rank_nothing(groups):
    table = small()
    flat = (table["source"] == NEW) & (table["task"] == "task 1")
    table.loc[flat, "accuracy"] = 50.0
    taus = compare_sources(table, groups_of()).set_index(KEYS)
    line = taus.loc[("agreement", OLD, NEW, "task 1")]
    assert math.isnan(line["weighted_tau"])
    assert line["note"] == f"all values of {NEW} are equal"


def test_one_task_has_no_static_order():
    taus = compare_sources(small(tasks=1), groups_of(1))
    static = taus[taus["kind"] == "static"]
    assert static["weighted_tau"].isna().all()
    assert (static["note"] != "").all()


@settings(max_examples=20)
@given(st.permutations(range(9)), st.integers(2, 9))
def test_a_source_agrees_wholly_with_itself_and_not_with_its_reverse(order, count):
    rows = [
        (source, "task 0", method, sign * float(rank))
        for source, sign in ((OLD, 1), (NEW, 1), (PAPERS, -1))
        for method, rank in zip(POOL[:count], order, strict=False)
    ]
    columns = ["source", "task", "method", "accuracy"]
    taus = compare_sources(pd.DataFrame(rows, columns=columns), groups_of(1))
    found = taus.set_index(["ranking", "truth"])["weighted_tau"]
    assert found[OLD, NEW] == pytest.approx(1)
    assert found[OLD, PAPERS] == pytest.approx(-1)


@settings(max_examples=20)
@given(st.integers(0, 50))
def test_the_order_of_rows_does_not_matter(seed):
    table = small(seed=seed)
    shuffled = table.sample(frac=1, random_state=seed)
    groups = groups_of()
    expected = compare_sources(table, groups)
    pd.testing.assert_frame_equal(compare_sources(shuffled, groups), expected)


def test_methods_outside_the_pool_do_not_count(accuracies, groups):
    pool = accuracies[accuracies["method"].isin(POOL)]
    assert len(pool) < len(accuracies)
    expected = compare_sources(pool, groups)
    pd.testing.assert_frame_equal(compare_sources(accuracies, groups), expected)


def test_an_unknown_source_comes_last_under_its_slug():
    table = small(sources=("mine", PAPERS, OLD))
    taus = compare_sources(table, groups_of())
    assert list(taus["truth"].unique()) == [OLD, PAPERS, "mine"]
    assert source_label("mine") == "mine"
    assert source_label(OLD) == SOURCES[OLD]


def test_a_method_given_twice_is_named():
    table = small()
    with pytest.raises(ValueError, match="gives the method adapter twice on the task"):
        compare_sources(pd.concat([table, table.iloc[:1]]), groups_of())


def test_a_task_without_group_is_named():
    with pytest.raises(ValueError, match=r"the task task 2 of the source .* no group"):
        compare_sources(small(), groups_of(2))


def test_taus_of_the_poster_take_the_same_columns(poster):
    taus = metric_taus(poster.taus)
    assert list(taus.columns) == COLUMNS
    assert set(taus["truth"]) == {"poster"}
    assert set(taus["null_sd"]) == {float(np.std(null_distribution(9)))}
    empty = taus[taus["weighted_tau"].isna()]
    assert list(empty["ranking"] + empty["task"] + empty["note"]) == [
        "sfdakittiprinted as NaN"
    ]
    assert set(taus["note"]) == {"", "printed as NaN"}


def test_means_run_over_all_tasks_and_over_each_group(poster):
    taus = metric_taus(poster.taus)
    means = means_over_tasks(taus, NO_NULLS)
    assert len(means) == 5 * 4
    for metric, group in itertools.product(
        poster.taus["metric"].unique(), ("all", "specialized")
    ):
        values = [
            value
            for name, of, value in taus[["ranking", "group", "weighted_tau"]].values
            if name == metric and group in (of, "all") and not math.isnan(value)
        ]
        line = means[(means["ranking"] == metric) & (means["group"] == group)].iloc[0]
        n = len(values)
        mean = sum(values) / n
        spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1))
        assert line["weighted_tau"] == pytest.approx(mean)
        assert line["standard_error"] == pytest.approx(spread / math.sqrt(n))
        assert line["null_sd"] == pytest.approx(taus["null_sd"][0] / math.sqrt(n))
        assert line["n_tasks"] == n


def test_the_mean_of_19_random_rankings_spreads_as_known(poster):
    means = overall(means_over_tasks(metric_taus(poster.taus), NO_NULLS))
    line = means.loc[("metric", "peftdiff", "poster")]
    assert line["null_sd"] == pytest.approx(0.070, abs=0.001)
    assert means.loc[("metric", "sfda", "poster"), "note"] == (
        "no tau on kitti: printed as NaN"
    )


def test_two_tasks_are_too_few_for_an_error():
    means = means_of(small(tasks=2), groups_of(2))
    line = overall(means).loc[("agreement", OLD, NEW)]
    assert math.isnan(line["standard_error"])
    assert line["note"] == "too few tasks for a standard error"
    assert not math.isnan(line["weighted_tau"])


def test_the_ceiling_is_the_best_agreement_with_another_source(accuracies, groups):
    means = means_of(accuracies, groups)
    found = ceilings(means).set_index("truth")
    assert list(found.index) == list(SOURCES)
    taus = pd.Series({key: tau for key, (tau, _) in brute(accuracies).items()})
    pairs = taus["agreement"].groupby(level=[0, 1]).mean()
    for source in SOURCES:
        others = {
            (first if second == source else second): tau
            for (first, second), tau in pairs.items()
            if source in (first, second)
        }
        line = found.loc[source]
        assert line["n_sources"] == len(others) == 3
        assert line["ceiling"] == pytest.approx(max(others.values()))
        assert line["ceiling_from"] == max(others, key=others.get)
        assert line["lowest"] == pytest.approx(min(others.values()))
        assert line["lowest_from"] == min(others, key=others.get)
        assert line["static"] == pytest.approx(taus["static"]["static"][source].mean())
        assert line["n_methods"] == (
            7 if STUDY in (source, line["ceiling_from"]) else 9
        )
        assert line["note"] == ""


def test_a_ceiling_on_fewer_methods_says_so():
    table = small(methods=5)
    lost = (table["source"] == NEW) & (table["method"] == POOL[0])
    found = ceilings(means_of(table[~lost], groups_of()))
    found = found.set_index("truth")
    assert set(found["n_methods"]) == {4}
    assert found.loc[OLD, "note"] == "static ranks 5 methods"
    assert found.loc[NEW, "note"] == ""


def test_a_single_source_has_no_ceiling():
    means = means_of(small(sources=(OLD,)), groups_of())
    (line,) = ceilings(means).to_dict("records")
    assert line["ceiling"] is None or math.isnan(line["ceiling"])
    assert line["n_sources"] == 0
    assert line["note"] == "no other source to compare with"


def test_chance_shuffles_the_methods_in_all_tasks_alike():
    table, groups = small(tasks=4, methods=4), groups_of(4)
    means = means_of(table, groups).set_index(["kind", "truth", "group"])
    cells = by_cell(table)
    found = {"all": [], "natural": []}
    for names in itertools.permutations(POOL[:4]):
        renamed = dict(zip(POOL[:4], names, strict=True))
        taus = [
            brute_tau(
                {renamed[m]: value for m, value in row.items()}, cells[NEW][task]
            )[0]
            for task, row in cells[OLD].items()
        ]
        found["all"].append(sum(taus) / 4)
        found["natural"].append(sum(taus[1:]) / 3)
    for group, values in found.items():
        line = means.loc[("agreement", NEW, group)]
        assert line["null_sd"] == pytest.approx(np.std(values))
        assert line["null"] == "shuffled"


def test_what_is_alike_in_all_tasks_does_not_average_out():
    table = small(tasks=1)
    same = [table.assign(task=f"task {task}") for task in range(3)]
    one = overall(means_of(table, groups_of(1))).loc[("agreement", OLD, NEW)]
    three = overall(means_of(pd.concat(same), groups_of(3)))
    assert three.loc[("agreement", OLD, NEW), "null_sd"] == pytest.approx(
        one["null_sd"]
    )


def test_metrics_are_compared_with_rankings_of_each_task_for_itself(poster):
    means = means_over_tasks(metric_taus(poster.taus), NO_NULLS)
    assert set(means["null"]) == {"independent"}

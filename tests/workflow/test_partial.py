"""An experiment of which some tasks or methods are missing: every table says so."""

import numpy as np
import pandas as pd
import pytest

import correlate_scores
import judge_accuracies
import leave_methods_out
import summarize_scores
import tabulate_tau
from peftdiff.evaluation.correlation import (
    complete_truth,
    correlate,
    mean_accuracies,
    reliabilities,
)
from peftdiff.evaluation.standings import NO_ACCURACY
from peftdiff.evaluation.studies.ablation import ablate
from peftdiff.evaluation.studies.grid import score_settings, tabulate_grid
from peftdiff.evaluation.studies.parameters import SETTING
from peftdiff.evaluation.studies.selection import choose_settings
from peftdiff.evaluation.summary import summarize
from peftdiff.records import read_table, write_table
from tests.helpers import tables

CONFIGURED = {f"task {i}": "natural" for i in range(19)}
THERE = dict(list(CONFIGURED.items())[:7])
SEVEN = "7 of 19 tasks: undefined on task 7, task 8, "


def partial_truth():
    return complete_truth(tables.truth(tasks=THERE), CONFIGURED, tables.METHODS)


def test_a_whole_experiment_stays_as_it_is():
    truth = tables.truth()
    assert complete_truth(truth, tables.TASKS, tables.METHODS) is truth


def test_what_was_configured_has_a_row():
    found = partial_truth()
    assert len(found) == len(tables.truth(tasks=THERE)) + 12 * len(tables.METHODS)
    absent = found[found["task"] == "task 7"]
    assert list(absent["method"]) == tables.METHODS
    assert absent["accuracy"].isna().all()
    assert set(absent["group"]) == {"natural"}
    assert set(found["experiment"]) == {"test"}
    means = mean_accuracies(found)
    assert list(means.index) == list(CONFIGURED)
    assert means.notna().all(axis=1).sum() == 7


def test_seven_of_nineteen_tasks():
    truth, scores = partial_truth(), tables.scores(tasks=THERE)
    table = correlate(scores, truth)
    assert table["task"].nunique() == 19
    absent = table[~table["task"].isin(list(THERE)) & (table["metric"] == "logme")]
    assert absent["weighted_tau"].isna().all()
    assert absent["note"].str.startswith("no score for lora").all()
    own = correlate(scores, tables.truth(tasks=THERE))
    kept = table[table["task"].isin(list(THERE))].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, own)
    summary = summarize(scores, truth)
    assert set(summary["n_tasks"]) == {7}
    assert summary["note"].str.contains(SEVEN, regex=False).all()
    halves = reliabilities(truth).set_index("task")
    assert halves.loc["task 7", "note"] == "no accuracies"
    assert np.isfinite(halves.loc["task 6", "reliability"])


def test_a_method_without_accuracies_leaves_the_pool_and_is_named():
    rest = tables.METHODS[:-1]
    truth = complete_truth(tables.truth(methods=rest), tables.TASKS, [*tables.METHODS])
    table = correlate(tables.scores(methods=rest), truth)
    fewer = "4 of 5 methods: no accuracy for noah"
    assert set(table["n_methods"]) == {4}
    assert table["note"].str.endswith(fewer).all()
    summary = summarize(tables.scores(methods=rest), truth)
    assert summary["note"].str.contains(fewer).all()
    assert np.isfinite(summary["mean_weighted_tau"]).all()


def test_a_method_that_one_task_lacks_leaves_that_task_undefined():
    truth = tables.truth()
    lost = (truth["task"] == "land") & (truth["method"] == "vpt")
    truth = complete_truth(truth[~lost], tables.TASKS, tables.METHODS)
    row = correlate(tables.scores(), truth).set_index(["task", "metric"])
    assert row.loc[("land", "logme"), "note"] == "no accuracy for vpt"
    assert np.isfinite(row.loc[("digits", "logme"), "weighted_tau"])
    halves = reliabilities(truth).set_index("task")
    assert halves.loc["land", "note"] == "a seed has no accuracy for vpt"


def test_studies_say_which_tasks_they_lack():
    truth = partial_truth()
    components = tables.components(tasks=THERE)
    table = ablate(components, truth)
    assert len(table) == 19 * 3
    assert table["weighted_tau"].notna().sum() == 7 * 3
    absent = table[table["weighted_tau"].isna()]
    assert absent["note"].str.len().min() > 0
    setting = dict(zip(SETTING, (10, 20, 32), strict=True))
    scored = score_settings(components.assign(**setting), truth)
    assert tabulate_grid(scored)["weighted_tau"].notna().sum() == 7
    choice = choose_settings(scored, setting, draws=3)
    assert set(choice["n_tasks"]) == {7}
    assert choice["task"].nunique() == 19


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_fewer_than_three_seeds_are_too_few_for_an_interval(seeds):
    table = correlate(tables.scores(seeds), tables.truth(seeds))
    own = table[table["metric"] != "random"]
    assert own[["ci_low", "ci_high"]].isna().all(axis=None)
    assert set(own["note"]) == {"too few seeds for an interval"}
    assert np.isfinite(own["weighted_tau"]).all()


def test_the_scripts_from_partial_tables_to_the_page(tmp_path):
    rest = tables.METHODS[:-1]
    paths = {}
    for name, rows in {
        "scores": tables.scores(tasks=THERE, methods=rest, metric="peftdiff"),
        "truth": tables.truth(tasks=THERE, methods=rest),
        "components": tables.components(tasks=THERE, methods=rest),
    }.items():
        paths[name] = str(tmp_path / f"{name}.csv")
        write_table(paths[name], rows)
    made = {
        name: str(tmp_path / f"{name}.csv")
        for name in ("correlation", "reliability", "summary", "friedman", "nemenyi")
    }
    configured = {"tasks": CONFIGURED, "methods": tables.METHODS}
    inputs = (paths["scores"], paths["truth"])
    correlate_scores.main(
        *inputs, made["correlation"], made["reliability"], **configured
    )
    summarize_scores.main(
        *inputs,
        made["correlation"],
        summary_path=made["summary"],
        friedman_path=made["friedman"],
        nemenyi_path=made["nemenyi"],
        **configured,
    )
    stability, page = str(tmp_path / "stability.csv"), tmp_path / "tau.md"
    leave_methods_out.main(*inputs, paths["components"], stability, **configured)
    ranked = read_table(stability).query("metric != 'static'")  # which may be tied
    assert ranked["note"].str.startswith(SEVEN).all()
    judged = {
        f"{name}_path": str(tmp_path / f"{name}.csv")
        for name in ("tasks", "standings", "choices")
    }
    judge_accuracies.main(*inputs, **judged, **configured)
    verdicts = read_table(judged["tasks_path"])["verdict"].value_counts()
    assert verdicts[NO_ACCURACY] == 12
    tabulate_tau.main(
        *(made["correlation"], made["reliability"], made["summary"]),
        (judged["tasks_path"], judged["standings_path"]),
        str(page),
        methods=tables.METHODS,
        source="fine_tune",
    )
    text = page.read_text()
    assert text.startswith("# Weighted tau with the ground truth: test, 4 of 5 methods")
    assert "peftdiff 7 of 19" in text.replace("\n", " ")

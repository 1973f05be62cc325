"""The tables of the page: the numbers of the CSV, and what follows from them."""

import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation.comparison import different_pairs, gains
from peftdiff.evaluation.studies.times import times_by_group
from peftdiff.reporting.webpage import results, statistics, studies
from peftdiff.reporting.webpage.provenance import jobs_table, provenance_table
from tests.helpers import study_tables, tables
from tests.helpers.poster import poster

TASKS = {"natural": ("digits", "texture"), "structured": ("dsloc",)}
GROUPS = {group: list(names) for group, names in TASKS.items()}


def texts_of(table):
    return {row.cells[0].text: [cell.text for cell in row.cells] for row in table.rows}


def test_the_taus_are_those_of_the_table(whole):
    table = whole.page().tables["tau"]
    taus = whole.tables["correlation"].set_index(["metric", "task"])["weighted_tau"]
    row = texts_of(table)["LogME"]
    expected = f"{taus['logme', 'land']:.2f}".replace("-", "−")
    assert row[3] == expected
    assert [r.kind for r in table.rows] == ["", "", *["baseline"] * 3]


def test_references_stand_below_the_pool_and_are_not_ranked(whole):
    table = whole.page().tables["accuracy"]
    last = table.rows[-1]
    assert (last.cells[0].text, last.kind) == ("Full fine-tuning", "reference")
    assert last.cells[1].text == "99.0"
    assert last.cells[1].mark == ""
    assert "over 3 seeds" in table.rows[0].cells[1].hint


def test_the_poster_is_shown_as_printed():
    numbers = poster()
    table = results.poster_table(numbers["weighted_tau"], numbers["averages"])
    rows = texts_of(table)
    labels = [column.label for column in table.columns]
    assert len(labels) == 1 + 19 + 4
    assert rows["PEFTDiff"][-1] == "0.517"
    assert rows["SFDA"][labels.index("KITTI-Dist")] == ""
    marks = {row.cells[0].text: row.cells[-1].mark for row in table.rows}
    assert marks["PEFTDiff"] == "best"
    assert marks["LogME"] == "second"
    assert "printed as NaN" in table.footnotes


def test_gains_are_differences_of_means_on_shared_tasks():
    taus = {"peftdiff": [0.5, 0.3, 0.1], "logme": [0.2, 0.1, np.nan]}
    taus |= {"nleep": [-0.2, -0.1, 0.0], "random": [0.0, 0.0, 0.0]}
    rows = [
        {"metric": metric, "task": task, "weighted_tau": tau}
        for metric, values in taus.items()
        for task, tau in zip("abc", values, strict=True)
    ]
    printed = pd.DataFrame({"metric": ["logme"], "percent": [68.95]})
    found = gains(pd.DataFrame(rows), "peftdiff")
    assert list(found.index) == ["logme", "nleep"]
    assert found.loc["logme", "difference"] == pytest.approx(0.4 - 0.15)
    assert found.loc["logme", "percent"] == pytest.approx(100 * (0.4 / 0.15 - 1))
    assert found.loc["logme", "n_tasks"] == 2
    assert np.isnan(found.loc["nleep", "percent"])  # to an average below zero
    assert found.loc["nleep", "difference"] == pytest.approx(0.3 + 0.1)
    assert gains(pd.DataFrame(rows), "sfda").empty
    table = results.gains_table(pd.DataFrame(rows), "peftdiff", printed)
    assert texts_of(table)["LogME"][1:] == ["0.25", "166.7", "68.95", "2"]
    assert list(table.footnotes) == [
        "no ratio: an average is not above zero",
        "not on the poster",
    ]


def test_the_summary_says_the_verdict(whole):
    table = whole.page().tables["summary"]
    row = whole.tables["summary"].set_index("metric").loc["logme"]
    labels = [column.label for column in table.columns]
    shown = dict(zip(labels, texts_of(table)["LogME"], strict=True))
    assert shown["p"] == f"{row['p_value']:.3f}"
    assert shown["Verdict"] == row["verdict"]
    assert shown["Tasks"] == "3"
    assert texts_of(table)["Random"][2:8] == [""] * 6
    assert table.footnotes == {}


FRIEDMAN = pd.DataFrame(
    {
        "experiment": "test",
        "metric": ["logme", "knn", "sfda"],
        "mean_rank": [1.2, 1.8, 3.0],
        "n_tasks": 12,
        "n_metrics": 3,
        "p_value": 0.002,
        "critical_difference": 1.0,
        "note": np.nan,
    }
)
PAIRS = pd.DataFrame(
    {
        "metric": ["logme", "sfda"],
        "other": ["sfda", "knn"],
        "rank_difference": [-1.8, 1.2],
        "p_value": [0.0001, 0.04],
    }
)


def test_the_test_of_all_metrics_is_said_in_a_sentence(experiment, visible):
    def said(friedman, pairs=PAIRS):
        found = experiment(
            tables.scores(), tables.truth(), friedman=friedman, nemenyi=pairs
        )
        return visible(found.html()).replace("\u00a0", " ")

    text = said(FRIEDMAN)
    assert "The metrics differ (Friedman's test, p = 0.002, 12 tasks" in text
    assert "LogME above SFDA (p < 0.001) and k-NN above SFDA (p = 0.040)." in text
    assert "No single pair differs" in said(FRIEDMAN, PAIRS.assign(p_value=0.2))
    same = FRIEDMAN.assign(p_value=0.3)
    assert "order below means nothing" in said(same)
    assert different_pairs(PAIRS, same).empty
    none = FRIEDMAN.assign(p_value=np.nan, mean_rank=np.nan, note="no test")
    assert "no test of the metrics" in said(none)


def test_metrics_are_told_from_the_best_beyond_the_critical_difference():
    rows = texts_of(statistics.friedman_table(FRIEDMAN))
    assert [rows[name][2] for name in ("LogME", "k-NN", "SFDA")] == ["no", "no", "yes"]
    none = FRIEDMAN.assign(mean_rank=np.nan, note="no test")
    assert statistics.friedman_table(none).footnotes == {"no test": "a"}
    assert texts_of(statistics.friedman_table(none))["SFDA"] == ["SFDA", "", ""]


def test_stability_shows_the_range(whole):
    table = whole.page().tables["stability"]
    own = whole.tables["stability"].query("metric == 'logme'")["mean_weighted_tau"]
    row = next(row for row in table.rows if row.cells[0].text == "LogME")
    assert row.cells[1].value == pytest.approx(own.max() - own.min())
    assert len(row.cells) == 2 + len(tables.METHODS)


def test_times_are_in_the_layout_of_the_poster():
    timing = study_tables.timing(TASKS)
    table = studies.times_table(times_by_group(timing), timing)
    assert [(c.group, c.label) for c in table.columns[1:]] == [
        (group, label)
        for group in ("Natural", "Structured", "Total")
        for label in ("Minutes", "Speed-up")
    ]
    rows = texts_of(table)
    assert list(rows) == ["PEFTDiff", "LogME", "Fine-tuning", "Source training"]
    # Two natural tasks, two methods: 4 x (6 + 2) seconds, or 4 x (6 + 3).
    assert rows["PEFTDiff"][1:5] == ["0.533", "150", "0.267", "150"]
    assert rows["LogME"][1:3] == ["0.600", "133"]
    assert rows["Fine-tuning"][1:] == ["80.0", "", "40.0", "", "120", ""]
    assert rows["Source training"][5] == "1.67"
    assert table.footnotes == {}
    lost = timing["stage"] == "embed"
    gap = timing.assign(seconds=timing["seconds"].mask(lost))
    table = studies.times_table(times_by_group(gap), gap)
    assert texts_of(table)["LogME"][1:3] == ["", ""]
    assert list(table.footnotes) == ["not recorded: embedding"]


def test_complexity_is_a_percentage_with_its_counts():
    rows = [
        (task, model, 64, 16 + place, (16 + place) / 64)
        for task in ("digits", "texture", "dsloc")
        for place, model in enumerate(["backbone", "lora", "resnet"])
    ]
    columns = ["task", "model", "dimension", "components_95", "fraction_95"]
    table = studies.complexity_table(pd.DataFrame(rows, columns=columns), GROUPS)
    assert list(texts_of(table)) == ["Backbone", "LoRA", "resnet"]
    assert texts_of(table)["Backbone"][1] == "25"
    assert table.rows[0].cells[1].hint == "16 of 64 components"


def test_studies_of_the_score_keep_their_numbers():
    ablation = study_tables.ablation(TASKS)
    table = studies.ablation_table(ablation, GROUPS)
    means = ablation.groupby("variant")["weighted_tau"].mean()
    found = {row.cells[0].text: row.cells[-1].value for row in table.rows}
    assert found["Combined (the score)"] == pytest.approx(means["combined"])
    grid = studies.grid_table(study_tables.grid_choice(TASKS), GROUPS)
    assert grid.rows[0].cells[1].hint == (
        "diffusion time 2.5, neighbors 20, components 8"
    )
    chance = texts_of(studies.chance_table(study_tables.grid_choice(TASKS)))
    assert chance["Best on the other tasks"][1:] == ["−0.10", "0.00", "0.13", "3"]


def test_a_choice_is_averaged_over_starts_then_tasks():
    choices = study_tables.choices(TASKS)
    lost = (choices["value"] == "as_published") & (choices["task"] == "dsloc")
    choices.loc[lost, ["weighted_tau", "note"]] = [np.nan, "it failed"]
    table = studies.choices_table(choices)
    (row,) = [r for r in table.rows if r.cells[1].text == "as_published"]
    own = choices[choices["value"] == "as_published"]
    expected = own.groupby("task")["weighted_tau"].mean().mean()
    assert row.cells[2].value == pytest.approx(expected)
    assert row.cells[2].note == "over 2 of 3 tasks; it failed"
    assert row.cells[5].text == "3"
    assert texts_of(table)["default"][1] == ""


def test_jobs_are_summed_by_rule():
    usage = pd.DataFrame(
        {
            "rule": ["fine_tune", "fine_tune", "score_task"],
            "job": ["digits", "land", "digits"],
            "seconds": [120.0, 60.0, 6.0],
            "megabytes": [900.4, 1000.0, np.nan],
        }
    )
    rows = texts_of(jobs_table(usage))
    assert rows["fine_tune"] == ["fine_tune", "2", "3.0", "2.0", "1,000"]
    assert rows["score_task"][-1] == ""


def test_provenance_leaves_out_what_it_does_not_know():
    record = {
        "date": "2026-01-01",
        "source_seeds": [0, 1],
        "machine": {"system": "Linux", "cores": 2},
        "packages": {"numpy": "2.0"},
    }
    assert texts_of(provenance_table(record)) == {
        "Date": ["Date", "2026-01-01"],
        "Seeds of source training": ["Seeds of source training", "0 and 1"],
        "Machine": ["Machine", "Linux, 2 cores"],
        "Packages": ["Packages", "numpy 2.0"],
    }
    assert not provenance_table({}).rows

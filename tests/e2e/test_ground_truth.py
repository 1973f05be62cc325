"""The switches of the ground truth: the grain of its jobs, and selected recipes."""

import shutil

import pandas as pd
import pytest

pytestmark = pytest.mark.e2e

TABLE = "results/smoke/tables/ground_truth.csv"


def test_jobs_of_single_methods_make_the_same_table(project, finished):
    runs = finished.runs().keys()
    forgotten = {run for run in runs if project.identity(run)["stage"] == "fine_tune"}
    for run in forgotten:
        shutil.rmtree(project.live / "runs" / run)
    shutil.rmtree(project.live / "parts/ground_truth")
    (project.root / TABLE).unlink()
    overlay = {"tasks": ["digits"], "ground_truth": {"job": "method"}}
    printed = project.run("--", TABLE, overlay=overlay)
    assert "Fine-tune full on digits" in printed
    parts = sorted((project.live / "parts/ground_truth/digits").iterdir())
    assert [path.stem for path in parts] == ["bitfit", "full", "linear", "lora", "vpt"]
    header, *rows = finished.tables()["ground_truth.csv"]
    of_digits = [row for row in rows if "digits" in row]
    assert project.tables()["ground_truth.csv"] == [header, *of_digits]
    assert runs - project.runs().keys() < forgotten  # those of the other task
    assert len(project.runs().keys() & forgotten) == len(forgotten) / 2
    assert project.runs().keys() <= runs


def test_recipes_are_selected_and_pruning_keeps_their_runs(project):
    grid = {"learning_rates": [1e-3, 2e-2], "weight_decays": [1e-4]}
    overlay = {
        "tasks": ["digits"],
        "ground_truth": {
            "protocol": "val_selected",
            "selection": grid,
            "references": ["linear"],
            "recipe": {"epochs": 2},
        },
    }
    before = project.runs().keys()
    project.run("--", TABLE, overlay=overlay)
    new = project.runs().keys() - before
    methods = 3 + 1
    assert len(new) == methods * 2 + methods * 2  # the grid; then two seeds
    part = pd.read_csv(project.live / "parts/recipe/digits.csv")
    truth = pd.read_csv(project.root / TABLE)
    for method, rows in truth.groupby("method"):
        own = part[part["method"] == method].reset_index()
        best = own.loc[own["accuracy"].idxmax()]  # the first of several
        assert set(rows["learning_rate"]) == {best["learning_rate"]}
        assert set(rows["validation_accuracy"]) == {best["accuracy"]}
    assert "Nothing to be done" in project.run("--", TABLE, overlay=overlay)
    project.run("prune_runs", overlay=overlay)
    assert new < project.runs().keys()
    project.run("report_status", overlay=overlay)
    status = (project.live / "logs/report_status/all.log").read_text()
    (line,) = [
        x.split() for x in status.splitlines() if x.startswith(" ") and "fine" in x
    ]
    assert line[:5] == ["fine_tune", "16", "16", "0", "0"]  # runs, done, begun, left
    # The table of all candidates is there for whoever asks.
    project.run("choose_recipe", overlay=overlay)
    assert len(pd.read_csv(project.live / "tables/recipe.csv")) == methods * 2

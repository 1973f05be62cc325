"""A published table as the ground truth: the whole chain, and nothing is fine-tuned."""

import json

import pandas as pd
import pytest

from tests.helpers import vtab

pytestmark = pytest.mark.e2e

SOURCE = "osu_unified_study"


def test_the_ranking_is_compared_with_the_table(project, tmp_path):
    overlay = {
        "tasks": ["kitti", "digits"],  # the table has the first alone,
        "methods": ["lora", "vpt", "noah"],  # and two of these
        "metrics": ["peftdiff", "logme"],
        "data": {"vtab_root": str(vtab.make(tmp_path / "vtab", ["kitti"], 400))},
        "source": {"seeds": [0], "recipe": {"epochs": 1}},
        "ground_truth": {"source": SOURCE},
        "figures": {"map_task": "kitti"},
    }
    others = project.runs().keys()
    printed = project.run(overlay=overlay)
    assert "lacks 1 of 2 tasks (digits) and 1 of 3 methods (noah)" in printed
    new = project.runs().keys() - others
    assert {project.identity(run)["stage"] for run in new} == {"train_method"}
    truth = pd.read_csv(project.live / "tables/ground_truth.csv")
    assert truth["method"].tolist() == ["lora", "vpt", "linear"]
    assert truth["accuracy"].tolist() == [76.9, 75.7, 62.5]
    assert set(truth["source"]) == {SOURCE}
    assert truth["seed"].isna().all()
    assert truth["trainable_parameters"].tolist()[:2] == [512, 128]
    taus = pd.read_csv(project.live / "tables/correlation.csv")
    assert taus["note"].notna().all()
    record = json.loads((project.live / "tables/provenance.json").read_text())
    assert record["ground_truth_source"] == SOURCE
    text = (project.live / "tables/tau.md").read_text()
    assert "published accuracies (OSU's unified study)" in text
    page = (project.live / "summary.html").read_text()
    assert "published accuracies" in page
    assert "Nothing to be done" in project.run(overlay=overlay)

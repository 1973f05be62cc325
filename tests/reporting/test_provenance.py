import subprocess

from peftdiff.reporting import provenance as module
from peftdiff.reporting.provenance import PACKAGES, git_revision, provenance

CONFIG = {
    "experiment": "test",
    "source": {"seeds": [0]},
    "ground_truth": {"seeds": [0, 1], "source": "fine_tune"},
}


def test_provenance_says_what_results_come_from():
    record = provenance(CONFIG, ["cpu"])
    assert record["experiment"] == "test"
    assert record["ground_truth_seeds"] == [0, 1]
    assert record["packages"].keys() == set(PACKAGES)
    assert record["devices"] == ["cpu"]
    assert record["config"] == CONFIG
    other = provenance({**CONFIG, "retrain": True}, ["cpu"])
    assert other["config_digest"] != record["config_digest"]


def test_a_folder_without_git_has_an_unknown_revision(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_revision() == "unknown"


def test_changed_files_are_said(monkeypatch):
    answers = {"rev-parse": "abc", "status": " M config.yaml"}
    monkeypatch.setattr(module, "_git", lambda command, *_: answers[command])
    assert git_revision() == "abc+changes"
    answers["status"] = ""
    assert git_revision() == "abc"


def test_no_git_at_all_is_unknown_too(monkeypatch):
    def absent(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", absent)
    assert git_revision() == "unknown"

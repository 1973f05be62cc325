"""What is settled before anything runs."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from peftdiff import startup
from peftdiff.paths import published_table
from peftdiff.runtime import UserError
from tests.helpers.project import ROOT

ACCURACIES = ROOT / published_table("accuracy_vtab")


def config(**sections):
    """Return the parts of a configuration that are looked at here."""
    complete = {
        "tasks": ["digits"],
        "methods": ["lora", "vpt"],
        "device": "cpu",
        "data": {"vtab_root": None, "image_folders": {}},
        "source": {"folder": None, "hub": None},
        "backbone": {"weights": None},
        "ground_truth": {"source": "fine_tune"},
        "figures": {"map_task": "digits"},
    }
    for name, value in sections.items():
        old = complete[name]
        complete[name] = old | value if isinstance(old, dict) else value
    return complete


def told(settings, missing=(), *, gpus_uncounted=False):
    return list(
        startup.warnings_at_start(
            settings,
            dict.fromkeys(missing, "gone"),
            accuracies=ACCURACIES,
            gpus_uncounted=gpus_uncounted,
        )
    )


def test_results_may_be_made_below_a_folder_but_not_below_a_file(tmp_path):
    startup.require_writable(tmp_path / "results/deeper")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file cannot be written"):
        startup.require_writable(tmp_path / "file/results")


@pytest.mark.parametrize("key", ["source.folder", "data.vtab_root", "backbone.weights"])
def test_what_is_named_must_be_there(tmp_path, key):
    section, _, name = key.partition(".")
    startup.require_given(config())
    startup.require_given(config(**{section: {name: str(tmp_path)}}))
    with pytest.raises(UserError, match=f"'{key}' is .*gone, which does not exist"):
        startup.require_given(config(**{section: {name: f"{tmp_path}/gone"}}))


@pytest.mark.parametrize("metric", ["peftdiff", "knn"])
def test_a_search_needs_its_library(monkeypatch, metric):
    def settings(search, metrics):
        parameters = {"logme": {}, metric: {"search": search}}
        return config() | {"metrics": metrics, "metric_parameters": parameters}

    monkeypatch.setattr(startup, "find_spec", lambda name: None)
    startup.require_searches(settings("exact", [metric]))
    startup.require_searches(settings("approximate", ["logme"]))
    with pytest.raises(
        UserError, match=rf"'metric_parameters\.{metric}\.search'.*faiss"
    ):
        startup.require_searches(settings("approximate", [metric]))


def test_missing_tasks_are_looked_for_where_they_were_downloaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = config(tasks=["digits", "dtd"])
    assert startup.find_missing(wanted) == {}  # it is yet to be downloaded
    manifest = Path(startup.Vtab.manifest)
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    assert list(startup.find_missing(wanted)) == ["dtd"]
    Path(startup.Vtab.tasks, "dtd").mkdir(parents=True)
    assert startup.find_missing(wanted) == {}
    elsewhere = config(tasks=["dtd"], data={"vtab_root": str(tmp_path)})
    assert list(startup.find_missing(elsewhere)) == ["dtd"]


def test_an_experiment_of_its_own_needs_no_warning():
    assert told(config()) == []


def test_missing_tasks_are_counted_and_named():
    (warning,) = told(config(tasks=["digits", "land"]), missing=["dtd"])
    assert warning.startswith("1 of 3 tasks are missing")
    assert warning.endswith("dtd")


@pytest.mark.parametrize(
    ("source", "count"), [({}, 1), ({"folder": "there"}, 0), ({"hub": {"a": 1}}, 0)]
)
def test_vtab_after_the_embedded_source_says_nothing(source, count):
    warnings = told(config(tasks=["dtd"], source=source))
    assert sum("say nothing about" in text for text in warnings) == count


@pytest.mark.parametrize(
    ("uncounted", "device", "gpus", "count"),
    [
        (True, "auto", ["0"], 1),
        (True, "cpu", ["0"], 0),
        (True, "auto", [], 0),
        (False, "auto", ["0"], 0),
    ],
)
def test_gpus_that_nothing_counts(monkeypatch, uncounted, device, gpus, count):
    monkeypatch.setattr(startup, "visible_gpus", lambda: gpus)
    assert len(told(config(device=device), gpus_uncounted=uncounted)) == count


def test_a_published_truth_says_what_it_lacks():
    settings = config(
        tasks=["dtd"],
        methods=["lora", "vpt", "noah"],
        source={"folder": "there"},
        ground_truth={"source": "osu_unified_study"},
        figures={"map_task": "dtd"},
    )
    (warning,) = told(settings)
    assert "lacks 1 of 3 methods (noah)" in warning
    assert told(settings | {"methods": ["lora", "vpt"]}) == []
    mapped = settings | {"tasks": ["dtd", "digits"], "figures": {"map_task": "digits"}}
    with pytest.raises(UserError, match=r"'figures\.map_task' is 'digits'"):
        told(mapped)


@pytest.fixture
def stale(tmp_path):
    """The lock that a killed engine has left in its folder."""
    lock = tmp_path / "locks/0.output.lock"
    lock.parent.mkdir()
    lock.touch()
    return lock


def test_a_stale_lock_is_removed(tmp_path, stale):
    with startup.clear_stale_lock(tmp_path, pytest.fail):
        assert not stale.exists()


def test_engines_that_live_together_keep_their_locks(tmp_path, stale):
    with startup.clear_stale_lock(tmp_path, pytest.fail):
        stale.touch()
        with startup.clear_stale_lock(tmp_path, pytest.fail):
            assert stale.exists()
    startup.clear_stale_lock(tmp_path, pytest.fail).close()
    assert not stale.exists()


def test_where_files_cannot_be_locked_all_is_left(tmp_path, stale, monkeypatch):
    def no_locks(file, how):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    warnings = []
    startup.clear_stale_lock(tmp_path, warnings.append).close()
    assert stale.exists()
    warning, remedy = warnings
    assert f"{tmp_path} knows no locks" in warning
    assert f"delete the folder {tmp_path / 'locks'}" in remedy
    stale.unlink()
    startup.clear_stale_lock(tmp_path, warnings.append).close()
    assert len(warnings) == 2  # each is said once, and of a lock only if there is one


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS, errno.ENOSPC, errno.EMFILE])
def test_what_else_keeps_a_lock_away_is_a_sentence(tmp_path, monkeypatch, code):
    def failing(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", failing)
    with pytest.raises(UserError, match=rf"alive: {os.strerror(code).lower()}; \w+"):
        startup.clear_stale_lock(tmp_path, pytest.fail)


def test_a_folder_for_the_lock_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file: .*; free or repair that path"):
        startup.clear_stale_lock(tmp_path / "file", pytest.fail)

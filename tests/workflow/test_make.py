"""make on the terminal: its experiment, its refusals in a sentence, its help."""

import json
import re
import shlex
import subprocess
import sys

import pytest

from peftdiff.runtime import UserError
from terminal.configuration import read_configuration
from tests.helpers import engine
from tests.helpers.project import ROOT
from tests.helpers.working_copy import copy_of_the_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project, in a folder with a space in its name."""
    copy = copy_of_the_project(tmp_path_factory.mktemp("make") / "a project")
    (copy.root / ".venv").symlink_to(sys.prefix)
    (copy.root / "wrong.yaml").write_text("source:\n  seeds: [0, -1]\n")
    (copy.root / "mine.yaml").write_text(
        "experiment: other\ndata:\n  test_images: 40\n"
    )
    return copy.root


def make(project, *arguments):
    """Return the exit code of make, and its lines on the terminal but make's own."""
    done = subprocess.run(
        ["make", "--old-file", ".venv/ready", *arguments],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = done.stdout.splitlines()
    return done.returncode, [line for line in lines if not line.startswith("make: ")]


@pytest.mark.parametrize(
    "overlays",
    [
        [],
        ["configs/smoke.yaml"],
        ["configs/mini_long.yaml"],
        ["configs/vtab1k.yaml"],
        ["configs/smoke.yaml", "mine.yaml"],
    ],
)
def test_files_are_merged_as_the_engine_merges_them(project, overlays, monkeypatch):
    asked = project / "asked.smk"
    asked.write_text(
        'import json\nconfigfile: "config.yaml"\n'
        'with open("merged.json", "w") as file:\n    json.dump(config, file)\n'
        "rule all:\n"
    )
    entries = ["device=cpu", "retrain=true"] if overlays else []
    given = ["--configfile", *overlays] if overlays else []
    given += ["--config", *entries] if entries else []
    code, text = engine.call(project, "-n", "-s", str(asked), "--nolock", *given)
    assert code == 0, text
    monkeypatch.chdir(project)
    merged = json.loads((project / "merged.json").read_text())
    assert read_configuration(overlays, entries) == merged


def test_the_experiment_is_the_one_of_the_merged_configuration(project):
    code, lines = make(project, "status", "CONFIGFILE=configs/smoke.yaml mine.yaml")
    assert code == 0, lines
    assert lines[0].startswith("Training runs of other")
    assert "train method 3" in " ".join(lines)
    assert not (project / "results" / "smoke").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["EXPERIMENT=nope"], ["configs/nope.yaml", "no such file"]),
        (["report", "CONFIGFILE=nope.yaml"], ["nope.yaml", "no such file"]),
        (["CONFIG=data.train_images=50"], ["data.train_images=50", "YAML file"]),
        (["CONFIG=experiment"], ["'experiment'", "key=value"]),
        (["ARGS=--config retrain=true"], ["--config", "CONFIG="]),
        (["CORES=many"], ["cores"]),
        (["EXPERIMENT=smoke", "ARGS=nonsense"], ["nonsense"]),
        (["status", "CONFIG=tasks=nonsense"], ["config key 'tasks'"]),
        (["CONFIGFILE=wrong.yaml"], ["config key 'source.seeds' has -1"]),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(project, arguments, words):
    code, lines = make(project, *arguments)
    assert code == 2
    assert len(lines) == 1, lines
    assert lines[0].startswith("Error: ")
    assert all(word in lines[0] for word in words), lines


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a:\n\t- b\n", "line 2"),
        (b"", "keys at its top level"),
        (b"- 1\n", "keys at its top level"),
        (b"a: \xff\n", "no valid YAML"),
    ],
)
def test_a_file_that_is_no_configuration_is_named(
    content, words, tmp_path, monkeypatch
):
    monkeypatch.chdir(ROOT)
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"{re.escape(str(path))}.*{words}"):
        read_configuration(["configs/smoke.yaml", str(path)])


def test_help_knows_every_target_and_variable():
    code, lines = make(ROOT, "help")
    assert code == 0
    text = "\n".join(lines)
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.M).group(1)
    for target in set(phony.replace("\\", "").split()) - {"run"}:
        assert re.search(rf"\b{target}\b", text), target
    assert "  make  " in text
    for variable in ("EXPERIMENT", "CONFIGFILE", "CONFIG", "CORES", "ARGS"):
        assert f"$({variable})" in makefile
        assert f"{variable}=" in text


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        (["EXPERIMENT=smoke"], "smoke"),
        (["CONFIGFILE=configs/smoke.yaml mine.yaml"], "other"),
        (["EXPERIMENT=smoke", "CONFIGFILE=mine.yaml"], "other"),
        (["EXPERIMENT=smoke", "CONFIG=experiment=third retrain=false"], "third"),
        (["CONFIGFILE=mine.yaml", "CONFIG='figures={map_task: digits}'"], "other"),
    ],
)
def test_the_commands_that_are_shown_are_for_this_experiment(project, variables, name):
    code, lines = make(project, "ARGS=--dry-run", *variables)
    assert code == 0, lines
    assert lines[0].startswith(f"{name}: ")
    shown = shlex.split(lines[0].split(" takes: ")[1])
    assert shown[:2] == ["make", "status"]
    code, lines = make(project, *shown[1:])
    assert code == 0, lines
    assert any(f"results/{name}" in line or name in line for line in lines)


def test_a_missing_file_of_configuration_names_those_that_lie_there(project):
    code, lines = make(project, "EXPERIMENT=nosuch")
    assert code == 2
    assert "configs/nosuch.yaml" in lines[0]
    assert "smoke.yaml" in lines[0]

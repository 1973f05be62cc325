"""The workflow on other machines than its developers': real processes, odd settings.

An engine that is forked from a running one has read its surroundings already. So it is
started here as a user does, which takes seconds, and each call meets several of them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.working_copy import copy_of_the_project

SMOKE = ["--cores", "1", "--configfile", "configs/smoke.yaml"]
TASK = "results/smoke/data/digits.safetensors"
FAKE = "raise RuntimeError('imported from elsewhere')\n"

# Run by Python before anything else, as it is for an installed package that patches.
SITE = """
import errno, fcntl, site

site.addsitedir({installed!r})


def flock(*_):
    raise OSError(errno.ENOSYS, "Function not implemented")


fcntl.flock = flock
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in a folder whose name is not plain."""
    return copy_of_the_project(tmp_path_factory.mktemp("machines") / "a projéct, 二")


@pytest.fixture
def target(project):
    """A file of a job's, which is not there yet."""
    path = project.root / TASK
    path.unlink(missing_ok=True)
    return path


def call(folder, *command, **surroundings):
    """Run a command in a folder; return its exit code and what it printed."""
    given = os.environ | surroundings
    done = subprocess.run(
        command,
        cwd=folder,
        env={name: value for name, value in given.items() if value is not None},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        umask=0o077,
    )
    return done.returncode, done.stdout


def engine():
    return str(Path(sys.executable).with_name("snakemake"))


def package(folder, name, text=FAKE):
    """Write a package of one file; return the folder it lies in."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "__init__.py").write_text(text)
    return str(folder)


def test_an_installed_library_is_passed_over_and_locks_are_done_without(
    project, target, tmp_path
):
    installed = package(tmp_path / "installed", "peftdiff")
    (tmp_path / "sitecustomize.py").write_text(SITE.format(installed=installed))
    named = [tmp_path, package(tmp_path / "on the path", "peftdiff")]
    beside = [project.root / f"{name}.py" for name in ("peftdiff", "terminal", "run")]
    for path in beside:
        path.write_text(FAKE)
    search = os.pathsep.join(map(str, named))
    code, text = call(project.root, engine(), *SMOKE, "--", TASK, PYTHONPATH=search)
    for path in beside:
        path.unlink()
    assert code == 0, text
    assert target.exists()
    assert text.count("knows no locks") == 1


def test_a_library_that_comes_first_all_the_same_is_a_sentence(project, tmp_path):
    package(tmp_path, "peftdiff", "")
    (tmp_path / "sitecustomize.py").write_text("import peftdiff\n")
    code, text = call(project.root, engine(), *SMOKE, "-n", PYTHONPATH=str(tmp_path))
    assert code != 0
    (sentence,) = [line for line in text.splitlines() if line.startswith("Error: ")]
    assert str(tmp_path / "peftdiff") in sentence
    assert "Traceback" not in text


def test_make_needs_neither_home_nor_locale_nor_terminal(project, target, tmp_path):
    (project.root / ".venv").symlink_to(sys.prefix)
    taken = package(tmp_path, "peftdiff")
    make = ["make", "--old-file", ".venv/ready", "CORES=1", "EXPERIMENT=smoke"]
    code, text = call(
        *(project.root, *make, f"ARGS={TASK}"),
        # HOME cannot be made, not even by root.
        **{"HOME": "/proc/nowhere", "XDG_CACHE_HOME": None, "TMPDIR": "/nowhere"},
        **{"LC_ALL": "C", "LANG": None, "TERM": "dumb", "COLUMNS": "1"},
        **{"TZ": "No/Such", "OMP_NUM_THREADS": "all", "PYTHONPATH": taken},
        **{"PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "error", "PYTHONHASHSEED": "7"},
    )
    assert code == 0, text
    assert target.exists()
    assert target.stat().st_mode & 0o777 == 0o600


def test_results_may_go_elsewhere(project, tmp_path):
    files = [str(project.root / name) for name in ("config.yaml", "configs/smoke.yaml")]
    where = ["-s", str(project.root / "Snakefile"), "--directory", str(tmp_path)]
    options = ["--cores", "1", "--configfile", *files, *where, "--", TASK]
    taken = package(tmp_path / "taken", "peftdiff")
    code, text = call(tmp_path, engine(), *options, PYTHONPATH=taken)
    assert code == 0, text
    assert (tmp_path / TASK).exists()


def test_a_brace_in_the_projects_path_is_a_sentence(project, tmp_path):
    folder = tmp_path / "a {project}"
    for name in ("Snakefile", "config.yaml"):
        folder.mkdir(exist_ok=True)
        shutil.copy(project.root / name, folder)
    for name in ("configs", "profiles", "workflow"):
        (folder / name).symlink_to(project.root / name)
    code, text = call(folder, engine(), *SMOKE, "-n")
    assert code != 0
    (sentence,) = [line for line in text.splitlines() if line.startswith("Error: ")]
    assert f"{folder}, holds a brace" in sentence
    assert "Traceback" not in text

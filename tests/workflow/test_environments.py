"""The environments that are not the project's own: conda's and the container's.

Run as a script, this file writes the lock's lines into conda's environment.
"""

import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.helpers.environments import IMAGE, LINES, LOCK, locked, python_of_the_image
from tests.helpers.project import ROOT

ENVIRONMENT = ROOT / "envs/environment.yaml"
CONDA = yaml.safe_load(ENVIRONMENT.read_text())
PIP = "  - pip:\n"
PROJECT = (ROOT / "pyproject.toml").read_text()


def pythons_of_conda():
    (range_,) = [d for d in CONDA["dependencies"] if str(d).startswith("python ")]
    return SpecifierSet(range_.removeprefix("python "))


def pythons_of_the_project():
    return SpecifierSet(re.search(r'^requires-python = "(.+)"', PROJECT, re.M).group(1))


def test_the_lock_pins_every_package_once():
    for python in ("3.11", "3.12", "3.13"):
        names = [name for name, _ in locked(python)]
        assert len(names) == len(set(names))
        assert {"torch", "timm", "snakemake", "numpy"} <= set(names)
    assert all(re.fullmatch(r"==[\w.+]+", str(line.specifier)) for line in LOCK)


@pytest.mark.parametrize("extra", re.findall(r"^(\w+) = \[\n", PROJECT, re.M))
def test_the_lock_agrees_with_what_the_project_asks_for(extra):
    block = PROJECT.split(f"\n{extra} = [\n")[1].split("\n]")[0]
    wanted = [Requirement(text) for text in re.findall(r'"(.+?)"', block)]
    assert wanted
    for python in ("3.11", "3.12", "3.13"):
        versions = dict(locked(python))
        for package in wanted:
            version = versions[package.name.lower()].removeprefix("==")
            assert package.specifier.contains(version), package


def test_the_image_installs_the_lock_and_nothing_else_by_pip():
    assert "envs/requirements.lock /opt/requirements.lock" in IMAGE
    (call,) = re.findall(r"pip install (.+)", IMAGE)
    assert call == "--no-cache-dir --requirement /opt/requirements.lock"


def test_the_image_has_a_python_that_conda_and_the_project_allow():
    assert python_of_the_image() in pythons_of_the_project()
    assert python_of_the_image() in pythons_of_conda()


def test_conda_takes_python_from_conda_forge_and_its_packages_from_the_lock():
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]
    *named, others = CONDA["dependencies"]
    assert [name.split()[0] for name in named] == ["python", "pip"]
    # Line by line: Snakemake hands a copy of the file alone to conda, where a reference
    # to the lock would lead nowhere; and a changed line makes a new environment.
    assert others == {"pip": LINES}, f"run: python {Path(__file__).relative_to(ROOT)}"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_conda_and_the_project_allow_the_pythons_that_the_lock_is_for(python):
    assert python in pythons_of_conda()
    assert python in pythons_of_the_project()


if __name__ == "__main__":
    head = ENVIRONMENT.read_text().split(PIP)[0]
    ENVIRONMENT.write_text(head + PIP + "".join(f"      - {line}\n" for line in LINES))

"""The image of envs/peftdiff.def, built by Apptainer, and the smallest run in it.

Not collected by itself, since it takes minutes and gigabytes: `make test-container`.
"""

import pandas as pd
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.container.apptainer import apptainer, from_a_base_made_here, install
from tests.helpers.environments import IMAGE, locked, python_of_the_image
from tests.helpers.working_copy import Project, copy_of_the_project

DEFINITION = "envs/here.def"
FOLDER = "a project"
SIZE = ("--cores", "2", "--configfile", "configs/smoke.yaml")


@pytest.fixture(scope="module")
def there():
    """An Apptainer, with the project in its home and the image built."""
    install()
    with apptainer() as there:
        project = copy_of_the_project(there.home / FOLDER)
        definition = from_a_base_made_here(IMAGE, there)
        (project.root / DEFINITION).write_text(definition)
        there.own(FOLDER)
        # A folder in place of a file, which takes minutes to pack and to unpack.
        build = ["build", "--ignore-fakeroot-command", "--sandbox"]
        there.run(*build, "../image", DEFINITION, folder=FOLDER)
        yield there


@pytest.fixture(scope="module")
def inside(there):
    """The project after its main job in the container."""
    print(there.run("run", "../image", *SIZE, folder=FOLDER))
    return Project(there.home / FOLDER)


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """The project after its main job in the environment of this machine."""
    project = copy_of_the_project(tmp_path_factory.mktemp("outside") / FOLDER)
    project.run()
    return project


def in_the_image(there, *command):
    return there.run("exec", "../image", *command, folder=FOLDER)


def test_the_image_has_the_python_that_is_said(there):
    version = in_the_image(there, "python", "--version")
    assert version.startswith(f"Python {python_of_the_image()}.")


def test_the_image_has_the_packages_of_the_lock_and_no_others(there):
    found = map(Requirement, in_the_image(there, "pip", "freeze", "--all").splitlines())
    found = {(canonicalize_name(line.name), str(line.specifier)) for line in found}
    wanted = set(locked(python_of_the_image()))
    assert wanted <= found
    assert {name for name, _ in found - wanted} == {"pip"}


@pytest.mark.parametrize("package", ["faiss", "snakemake", "timm", "torch"])
def test_packages_are_those_of_the_image(there, package):
    code = f"import {package}; print({package}.__file__)"
    path = in_the_image(there, "python", "-c", code)
    assert path.startswith("/opt/peftdiff/lib/")


def test_the_results_are_those_of_a_run_outside(inside, outside):
    tables = inside.tables()
    assert tables.keys() == outside.tables().keys()
    for name in tables:
        # Another Python has another numpy, so that last digits may differ.
        here, there = (pd.read_csv(p.live / "tables" / name) for p in (inside, outside))
        measured = [column for column in here if "seconds" in column]
        pd.testing.assert_frame_equal(
            here.drop(columns=measured), there.drop(columns=measured)
        )


def test_the_run_ends_with_its_page_and_the_answer(inside):
    assert (inside.live / "tables/tau.md").read_text()
    assert (inside.live / "summary.html").exists()

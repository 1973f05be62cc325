"""Copies of the project, in a folder with a space in its name."""

import pytest

from tests.helpers.sharing import made_once
from tests.helpers.working_copy import Project, copy_of_the_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project after its main job; tests that run anything in it take a copy.

    No process may open more than 256 files, a quarter of what is usual.
    """

    def make(folder):
        engine = copy_of_the_project(folder).start(log="printed.log", open_files=256)
        assert engine.wait() == 0, (folder / "printed.log").read_text()

    return Project(made_once(tmp_path_factory, "a finished project", make))


@pytest.fixture(scope="session")
def studied(finished, tmp_path_factory):
    """A project after its main job and its studies; tests take a copy of it, too."""

    def make(folder):
        finished.copy(folder).run("studies")

    return Project(made_once(tmp_path_factory, "a studied project", make))


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished project to change."""
    return finished.copy(tmp_path / "a project")


@pytest.fixture
def fresh(tmp_path):
    """A copy of the project without results."""
    return copy_of_the_project(tmp_path / "a fresh project")

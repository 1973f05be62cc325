"""Copies of the project, in a folder with a space in its name."""

import pytest

from tests.helpers.working_copy import copy_of_the_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project after its main job; tests that change it take a copy."""
    project = copy_of_the_project(tmp_path_factory.mktemp("e2e") / "a project")
    project.run()
    return project


@pytest.fixture(scope="session")
def studied(finished, tmp_path_factory):
    """A project after its main job and its studies."""
    project = finished.copy(tmp_path_factory.mktemp("studies") / "a project")
    project.run("studies")
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished project to change."""
    return finished.copy(tmp_path / "a project")


@pytest.fixture
def fresh(tmp_path):
    """A copy of the project without results."""
    return copy_of_the_project(tmp_path / "a fresh project")

import pytest

from tests.helpers.published import (
    poster_tables,
    published_accuracies,
    published_groups,
)


@pytest.fixture(scope="session")
def poster():
    return poster_tables()


@pytest.fixture(scope="session")
def accuracies():
    return published_accuracies()


@pytest.fixture(scope="session")
def groups():
    return published_groups()

import pytest

from tests.golden.sets import read_printed, read_set


@pytest.fixture(scope="session")
def printed():
    """What the reference code printed, by set."""
    return read_printed()


@pytest.fixture(scope="session")
def load():
    """Return a function from a set's name to its stored arrays and features."""
    return read_set

"""What docs/methods.md says is what the library does."""

import re

import pytest

from peftdiff.methods import METHODS, hyperparameters
from tests.helpers.project import ROOT

PAGE = ROOT / "docs/methods.md"


def rows():
    """Return the cells of the table of methods, by method."""
    lines = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.read_text(), re.M)
    return {name: cells.split(" | ") for name, cells in lines}


def test_every_method_has_a_row_in_the_tables_order():
    assert list(rows()) == list(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_hyperparameters_and_paper_are_those_of_the_code(method):
    _, given, _, _, reference = rows()[method]
    expected = [f"{name}={value!r}" for name, value in hyperparameters(method).items()]
    stated = re.findall(r"`([^`]+)`", given)
    assert stated == [each.replace("'", '"') for each in expected]
    assert reference == METHODS[method].reference

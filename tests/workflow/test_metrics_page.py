"""What docs/metrics.md says is what the library does."""

import inspect
import re

import pytest

from peftdiff import metrics
from peftdiff.metrics import METRICS
from tests.helpers.project import ROOT

PAGE = ROOT / "docs" / "metrics.md"


def table(heading):
    """Return the rows of the table below a heading, as {first cell: other cells}."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", text(), re.M | re.S).group(
        1
    )
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    split = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {cells[0].strip("`"): cells[1:] for cells in split}


def text():
    return PAGE.read_text(encoding="utf-8")


def test_every_metric_has_a_row_in_the_tables_order():
    assert list(table("The metrics")) == list(METRICS)
    assert list(table("Parameters")) == list(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_cost_and_reference_are_those_of_the_table(name):
    _, cost, _, reference = table("The metrics")[name]
    assert cost == METRICS[name].cost
    assert reference == METRICS[name].reference


@pytest.mark.parametrize("name", METRICS)
def test_parameters_and_defaults_are_those_of_the_code(name):
    parameters = inspect.signature(metrics._module(name).score).parameters.values()
    expected = [
        f"{each.name}={each.default!r}"
        for each in parameters
        if each.kind is each.KEYWORD_ONLY
    ]
    stated = re.findall(r"`([^`]+)`", table("Parameters")[name][0])
    assert stated == [each.replace("'", '"') for each in expected]


def test_every_example_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", text(), re.S)
    names = {}
    for block in blocks:
        exec(block, names)
    last = capsys.readouterr().out.splitlines()[-1]
    assert "H = C - 1" in last  # the saturation that the page shows

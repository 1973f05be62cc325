import re

import pandas as pd
import pytest

from peftdiff.evaluation.published import (
    SOURCES,
    ceilings,
    compare_sources,
    means_over_tasks,
    metric_taus,
    recompute,
    shuffled_nulls,
)
from peftdiff.reporting.pages.published import TITLES, published_page
from tests.helpers.published import (
    poster_tables,
    published_accuracies,
    published_groups,
)


@pytest.fixture(scope="module")
def poster():
    return poster_tables()


@pytest.fixture(scope="module")
def accuracies():
    return published_accuracies()


@pytest.fixture(scope="module")
def page(poster, accuracies):
    return make(poster, accuracies)


def make(poster, accuracies):
    groups = published_groups()
    taus = [metric_taus(poster.taus), compare_sources(accuracies, groups)]
    nulls = shuffled_nulls(accuracies, groups)
    means = means_over_tasks(pd.concat(taus), nulls)
    found = means[means["kind"] != "metric"]
    return published_page(recompute(poster), means, ceilings(found))


def rows(page, heading):
    """Return the cells of the first table below a heading, the header first."""
    table = page.split(f"# {heading}\n\n")[1].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    return [cells[0], *cells[2:]]


def test_every_quantity_has_its_table(page, poster):
    for quantity, table in recompute(poster).groupby("quantity"):
        assert len(rows(page, TITLES[quantity])) == 1 + len(table)
    lines = rows(page, TITLES["improvement"])
    assert lines[1][:5] == ["N/LEEP", "all", "19", "1297.29", "1297.297"]


def test_agreement_is_told_best_first_with_methods_and_tasks(page):
    header, *lines = rows(page, "One published ground truth with another")
    means = [float(line[header.index("mean")]) for line in lines]
    assert len(means) == 6
    assert means == sorted(means, reverse=True)
    assert {line[header.index("methods")] for line in lines} == {"7", "9"}
    assert {line[header.index("tasks")] for line in lines} == {"19 of 19"}
    assert header[2:5] == ["mean", "+-", "chance"]
    assert all(0.1 < float(line[4]) < 0.4 for line in lines)


def test_a_mean_over_fewer_tasks_says_so(page):
    header, *lines = rows(page, "Metrics with the poster's ground truth")
    (sfda,) = [line for line in lines if line[0] == "SFDA"]
    assert sfda[header.index("tasks")] == "18 of 19"
    assert sfda[header.index("note")] == "no tau on kitti: printed as NaN"


def test_the_ceilings_name_their_sources(page):
    title = "What a metric could reach on one source by predicting another"
    _, *lines = rows(page, title)
    assert [line[0] for line in lines] == list(SOURCES.values())
    assert "It is no upper bound" in page


def test_undefined_values_are_empty_cells(poster, accuracies):
    one = accuracies[accuracies["source"] == "method_papers"]
    for text in (make(poster, accuracies), make(poster, one)):
        assert not re.search(r"\b(nan|NaN|None|NA)\b", _cells(text))


def _cells(page):
    """Return the page's tables without the notes, which may say NaN."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return "\n".join(lines).replace("printed as NaN", "")

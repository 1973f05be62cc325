"""The cached tables are what the code makes of the cached scores and accuracies."""

import pandas as pd
import pytest

from peftdiff.evaluation.comparison import compare_all, compare_pairs
from peftdiff.evaluation.correlation import correlate, reliabilities
from peftdiff.evaluation.stability import leave_methods_out
from peftdiff.evaluation.summary import summarize
from peftdiff.paths import cached
from peftdiff.records import read_table, write_table
from peftdiff.reporting.pages.tau import tau_page
from tests.helpers.project import ROOT

EXPERIMENTS = sorted(p.parts[-3] for p in ROOT.glob("results/cached/*/tables/tau.md"))


def load(experiment, name):
    return read_table(ROOT / cached(experiment).table(name))


@pytest.fixture
def assert_cached(tmp_path):
    """Return a function that compares a table with the cached one, as files."""

    def assert_cached(found, experiment, name):
        write_table(tmp_path / "found.csv", found)
        pd.testing.assert_frame_equal(
            read_table(tmp_path / "found.csv"),
            load(experiment, name),
            check_exact=False,
            rtol=1e-6,
            atol=1e-9,
        )

    return assert_cached


def rows_of(page):
    """Return the cells of a page's tables, row by row."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_correlation_and_the_tests_of_it(experiment, assert_cached):
    scores, truth = load(experiment, "scores"), load(experiment, "ground_truth")
    assert_cached(correlate(scores, truth), experiment, "correlation")
    assert_cached(reliabilities(truth), experiment, "reliability")
    ranks = load(experiment, "friedman")
    assert_cached(compare_all(load(experiment, "correlation")), experiment, "friedman")
    assert_cached(compare_pairs(ranks), experiment, "nemenyi")


@pytest.mark.parametrize("experiment", EXPERIMENTS[:1])  # it takes seconds
def test_summary_and_stability(experiment, assert_cached):
    names = ("scores", "ground_truth", "components")
    scores, truth, components = (load(experiment, name) for name in names)
    assert_cached(summarize(scores, truth), experiment, "summary")
    stability = leave_methods_out(scores, truth, components)
    assert_cached(stability, experiment, "stability")


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_page_has_the_numbers_of_the_tables(experiment):
    names = ("correlation", "reliability", "summary")
    page = tau_page(*(load(experiment, name) for name in names))
    kept = (ROOT / cached(experiment).page("tau")).read_text()
    assert rows_of(page) == rows_of(kept)


@pytest.mark.parametrize("metric", ["peftdiff", "ncti"])
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_components_give_the_scores_again(experiment, metric):
    # A method that leaves without ever having been there changes nothing.
    scores, truth = load(experiment, "scores"), load(experiment, "ground_truth")
    own = scores[scores["metric"] == metric]
    stranger = truth[truth["method"] == "lora"].assign(method="stranger")
    again = leave_methods_out(
        own, pd.concat([truth, stranger]), load(experiment, "components")
    )
    again = again[again["left_out"] == "stranger"].set_index("metric")
    taus = correlate(own, truth).groupby("metric")["weighted_tau"].mean()
    found = again.loc[metric, "mean_weighted_tau"]
    assert found == pytest.approx(taus[metric], abs=1e-9)

import pandas as pd
import pytest

from peftdiff.evaluation.comparison import compare_all, compare_pairs
from peftdiff.evaluation.correlation import correlate, reliabilities
from peftdiff.evaluation.stability import leave_methods_out
from peftdiff.evaluation.summary import summarize
from peftdiff.reporting.webpage import page_contents, render
from tests.helpers import tables
from tests.helpers.poster import poster
from tests.helpers.webpage import parts, text_of


class Experiment:
    """Small tables of an experiment, and what the page makes of them."""

    def __init__(self, scores, truth, components=None, **more):
        if components is None:
            components = tables.components(
                tasks=dict(zip(truth["task"], truth["group"], strict=True)),
                methods=list(truth.loc[truth["in_pool"], "method"].unique()),
            )
        correlation = correlate(scores, truth)
        friedman = compare_all(correlation)
        self.tables = {
            "scores": scores.assign(seconds=0.5),
            "ground_truth": truth.assign(train_seconds=60.0),
            "correlation": correlation,
            "reliability": reliabilities(truth),
            "summary": summarize(scores, truth),
            "friedman": friedman,
            "nemenyi": compare_pairs(friedman),
            "stability": leave_methods_out(scores, truth, components),
            **more,
        }
        # As they come from a file: an empty text is an empty cell there.
        self.tables = {n: t.replace("", None) for n, t in self.tables.items()}

    def page(self, record=None, usage=None):
        return page_contents(self.tables, poster(), record or {}, usage)

    def html(self, pictures=None, **more):
        return render(self.page(**more), pictures or {}, parts(), remedy="REMEDY")


@pytest.fixture(scope="session")
def experiment():
    """Return what makes an experiment out of scores and accuracies."""
    return Experiment


@pytest.fixture(scope="session")
def whole():
    """Three tasks, five methods, three seeds, two metrics."""
    scores = pd.concat([tables.scores(), tables.scores(metric="knn")])
    return Experiment(scores, tables.truth())


@pytest.fixture(scope="session")
def visible():
    """Return a function that gives the text of a page, without marks and scripts."""

    def visible(html):
        return text_of(html[html.index("<main>") : html.index("</main>")])

    return visible

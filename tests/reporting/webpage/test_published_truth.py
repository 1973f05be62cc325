"""The page of an experiment whose accuracies are published."""

import pandas as pd
import pytest

from tests.helpers import tables
from tests.helpers.webpage import Opening

LABEL = "OSU's unified study"


@pytest.fixture(scope="module")
def page(experiment):
    scores = pd.concat([tables.scores(), tables.scores(metric="knn")])
    return experiment(scores, tables.published().assign(train_seconds=None))


def test_the_page_says_where_the_accuracies_are_from(page, visible):
    record = {"ground_truth_source": "osu_unified_study", "ground_truth_seeds": []}
    text = visible(page.html(record=record))
    assert f"they are published ({LABEL}), without seeds" in text
    assert "3 tasks, 5 methods and published accuracies" in text
    assert "Nothing was fine-tuned here" in text
    assert f"published: {LABEL}" in text
    assert "published test accuracy after fine-tuning, percent" in text
    assert "0 seeds" not in text
    assert f"Published ({LABEL}), not measured here." in text


def test_cards_do_not_speak_of_seeds(page):
    for card in Opening(page.html()).cards:
        said = " ".join(card)
        assert "published accuracies, which have neither seeds nor" in said
        assert "no other method" not in said
        assert "0 seeds" not in said


def test_a_measured_page_is_as_it_was(whole, visible):
    text = visible(whole.html())
    assert "Published (" not in text
    assert "3 seeds" in text

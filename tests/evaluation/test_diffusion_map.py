"""Every setting of the score ends in scores, or notes, and in a picture."""

import itertools
import logging
import warnings

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from peftdiff.config.parameters import configured, metric_keywords
from peftdiff.diffusion import DisconnectedGraphWarning
from peftdiff.embeddings import BACKBONE_MODEL, ModelName
from peftdiff.evaluation.diffusion_map import map_models, shown_models
from peftdiff.metrics.scoring import score_models
from peftdiff.reporting.figures import diffusion_map

MODELS = [BACKBONE_MODEL, ModelName("lora", 0), ModelName("vpt", 0)]
ACCURACIES = pd.Series({"lora": 60.0, "vpt": 50.0, "noah": np.nan})
VALUES = {
    "neighbors": [2, 8, 30],
    "components": [1, 2, 3, 30],
    "diffusion_time": [1e-3, 10, 1e6],
    "variant": ["symmetric", "as_published"],
    "seed": [3],
    "normalize": [True, False],
    "kernel_width": [1e-3, 1.0, "median", "self_tuning"],
    "self_loops": [True, False],
    "symmetrize": ["max", "mean", "mutual"],
    "inter": ["squared", "root"],
    "min_class_size": [1, 9, 10, 31],
    "search": ["exact"],
}


def embeddings(n=30, d=5):
    """Return features of three models, and labels; a fifth is in a small class."""
    rng = np.random.default_rng(0)
    labels = np.array([0, 1, 0, 1, 2])[np.arange(n) % 5]
    centers = rng.normal(size=(3, d))[labels]
    features = {
        model: (rng.normal(size=(n, d)) + place * centers).astype("f4")
        for place, model in enumerate(MODELS)
    }
    return features, labels


def picture(features, labels, setting):
    """Return the arrays of a map, once they are drawn."""
    arrays = map_models(features, labels, shown_models(MODELS, ACCURACIES), setting)
    assert np.isfinite(arrays["coordinates"]).all()
    shown = len(arrays["labels"])
    assert arrays["coordinates"].shape == (3, shown, 2)
    names = {"class_names": np.array(["a", "b", "c"]), "title": np.array("Task")}
    stored = {name: np.asarray(value) for name, value in arrays.items()}
    figure = diffusion_map.draw(stored | names)
    for panel, note in zip(figure.axes, arrays["notes"], strict=True):
        written = " ".join(text.get_text().replace("\n", " ") for text in panel.texts)
        assert bool(panel.collections) == (note == "")
        assert note.split("; ")[0] in written
    return arrays


def test_the_values_are_those_of_the_configuration():
    keys = metric_keywords("peftdiff")
    assert list(VALUES) == list(keys)
    for name, values in VALUES.items():
        adapter = TypeAdapter(configured(keys[name].kind))
        for value in values:
            adapter.validate_python(value, strict=True)


def pairs_of_values():
    """Yield settings in which every two keys have every two of their values."""
    default = {"neighbors": 8, "components": 6}
    for one, other in itertools.combinations(VALUES, 2):
        for values in itertools.product(VALUES[one], VALUES[other]):
            yield default | dict(zip((one, other), values, strict=True))


@pytest.fixture
def quiet(caplog):
    with warnings.catch_warnings(action="ignore", category=DisconnectedGraphWarning):
        caplog.set_level(logging.CRITICAL)
        yield


def test_every_setting_ends_in_scores_or_notes(quiet, monkeypatch):
    monkeypatch.setattr(
        "peftdiff.metrics.scoring.measure", lambda compute: (compute(), 0.1)
    )
    features, labels = embeddings()
    features[MODELS[1]][4] = 0  # which has no direction
    for setting in pairs_of_values():
        scores, components = score_models(features, labels, "peftdiff", setting)
        assert len(scores) == 2
        assert {"intra", "inter"} <= set(components.columns)
        assert ((scores["note"] != "") == scores["score"].isna()).all()


def test_every_setting_ends_in_a_picture(quiet):
    features, labels = embeddings()
    panels = shown_models(MODELS, ACCURACIES)
    shown = []
    for setting in pairs_of_values():
        arrays = map_models(features, labels, panels, setting)
        assert arrays["coordinates"].shape == (3, len(arrays["labels"]), 2)
        shown.append(arrays["notes"].count(""))
    assert np.mean(np.array(shown) == 3) > 0.5
    for setting in (
        {"components": 1},
        {"components": 2, "variant": "as_published"},
        {"components": 6, "min_class_size": 10},
        {"components": 6, "neighbors": 31},
    ):
        picture(features, labels, {"neighbors": 8, **setting})


@pytest.mark.parametrize(
    "setting", [{"min_class_size": 7}, {"variant": "as_published"}]
)
def test_the_samples_that_the_score_leaves_out_are_not_drawn(setting, quiet):
    features, labels = embeddings()
    arrays = picture(features, labels, {"neighbors": 8, "components": 6, **setting})
    assert arrays["notes"] == ["", "", ""]
    assert list(arrays["labels"]) == list(labels[labels < 2])


def test_a_model_without_a_map_says_why(quiet):
    features, labels = embeddings()
    features[MODELS[2]][4] = 0
    arrays = picture(features, labels, {"neighbors": 8, "components": 6})
    assert arrays["notes"][:2] == ["", ""]
    assert "features are all zero at row 4" in arrays["notes"][2]
    assert len(arrays["labels"]) == 30


def test_where_nothing_has_a_map_the_picture_says_so(quiet):
    features, labels = embeddings(n=16)
    arrays = picture(features, labels, {"variant": "as_published", "neighbors": 8})
    assert all("fewer than two classes" in note for note in arrays["notes"])


def test_panels_are_those_whose_accuracy_is_known():
    shown = shown_models(MODELS, ACCURACIES)
    assert [title.split(" (")[-1] for title in shown] == [
        *("Backbone", "best, 60.0 %)", "worst, 50.0 %)"),
    ]
    assert list(shown.values()) == MODELS
    assert list(shown_models(MODELS, ACCURACIES * np.nan)) == ["Backbone"]
    unknown = shown_models(MODELS, pd.Series({"fact": 70.0, "vpt": 50.0}))
    assert list(unknown.values()) == [BACKBONE_MODEL, MODELS[2], MODELS[2]]

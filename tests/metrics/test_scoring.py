import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from peftdiff import runtime
from peftdiff.diffusion import diffusion_score, rank_pool
from peftdiff.embeddings import BACKBONE_MODEL, ModelName
from peftdiff.metrics import compute, scoring
from peftdiff.metrics.scoring import join_components, score_models
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore

PARAMETERS = {"neighbors": 6, "components": 5, "diffusion_time": 2}


@pytest.fixture
def labels():
    return np.arange(60) % 3


@pytest.fixture
def features(labels):
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(3, 8))
    names = ["backbone", "lora/0", "lora/1", "vpt/0", "vpt/1", "noah/0", "noah/1"]
    return {
        ModelName.parse(name): (
            rng.normal(size=(60, 8)) + 0.3 * place * centers[labels]
        ).astype("f4")
        for place, name in enumerate(names)
    }


def test_peftdiff_is_combined_among_the_methods_of_one_seed(features, labels):
    scores, components = score_models(features, labels, "peftdiff", PARAMETERS)
    pairs = {
        name: diffusion_score(array, labels, **PARAMETERS)[:2]
        for name, array in features.items()
    }
    for seed in (0, 1):
        pool = {m: pairs[ModelName(m, seed)] for m in ("lora", "vpt", "noah")}
        expected = rank_pool(pool, pairs[BACKBONE_MODEL])
        rows = scores[scores["seed"] == seed].set_index("method")["score"]
        assert rows.to_dict() == pytest.approx(expected)
    assert set(components["model"]) == {"backbone", "lora", "vpt", "noah"}
    backbone = components.set_index("model").loc["backbone"]
    assert pd.isna(backbone["seed"])
    assert (backbone["intra"], backbone["inter"]) == pytest.approx(
        pairs[BACKBONE_MODEL]
    )
    assert (components["peftdiff_seconds"] > 0).all()


def test_a_metric_of_its_own_leaves_the_backbone_out(features, labels):
    scores, components = score_models(features, labels, "logme", {})
    assert components.empty
    assert len(scores) == 6
    row = scores.set_index(["method", "seed"]).loc[("vpt", 1)]
    assert row["score"] == pytest.approx(
        compute("logme", features[ModelName("vpt", 1)], labels)
    )
    assert (scores["seconds"] > 0).all()
    assert set(scores["metric"]) == {"logme"}


def test_a_saturated_score_is_an_empty_cell_with_a_note(features, labels):
    # One column says the class, another nothing, exactly: LogME's evidence diverges.
    exact = np.eye(3, dtype="f4")[labels]
    scores, _ = score_models(
        {ModelName("adapter", 0): exact, **features}, labels, "logme", {}
    )
    row = scores.iloc[0]
    assert np.isnan(row["score"])
    assert row["note"] == "saturated: the metric's value is inf"
    assert (scores["note"].iloc[1:] == "").all()


def parts_of(features, labels, **parameters):
    """Stand in for a pool metric that says what the features' first value asks for."""
    asked = int(features[0, 0])
    if asked == 1:
        raise UndefinedScore("too few samples")
    if asked == 2:
        warnings.warn("any labels would get this", SaturatedScore, stacklevel=2)
    if asked == 3:
        warnings.warn("look at me", UserWarning, stacklevel=2)
    return {"intra": float(features[0, 1]), "inter": float(features[1, 0])}


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(
        scoring, "compute", lambda metric, *data, **more: parts_of(*data, **more)
    )


def test_what_must_not_rank_leaves_the_pool(features, labels, stand_in, caplog):
    asked = {"lora/0": 1, "vpt/0": 2, "noah/0": 3}
    for name, array in features.items():
        array[0, 0] = asked.get(str(name), 0)
    scores, components = score_models(features, labels, "peftdiff", {})
    scores = scores.set_index(["method", "seed"])
    assert scores.loc[("lora", 0), "note"] == "undefined: too few samples"
    assert scores.loc[("vpt", 0), "note"] == "saturated: any labels would get this"
    assert scores.loc[("noah", 0), "note"] == ""
    assert "peftdiff: look at me" in caplog.text
    empty = scores.index[scores["score"].isna()]
    assert set(empty) == {("lora", 0), ("vpt", 0)}
    assert components.set_index(["model", "seed"])["intra"].isna().sum() == 2


def test_an_undefined_backbone_leaves_no_score(features, labels, stand_in):
    for array in features.values():
        array[0, 0] = 0
    features[BACKBONE_MODEL][0, 0] = 1
    scores, _ = score_models(features, labels, "peftdiff", {})
    assert scores["score"].isna().all()
    assert set(scores["note"]) == {"undefined: the backbone's components are"}


def test_seconds_are_those_of_the_median_call(features, labels, monkeypatch):
    seconds = iter([9.0, 9.0] + [0.03, 0.01, 0.02] * 4 + [5.0])
    monkeypatch.setattr(
        runtime, "Stopwatch", lambda: SimpleNamespace(seconds=lambda: next(seconds))
    )
    scores, _ = score_models(features, labels, "logme", {})
    # The first call, cold, is forgotten; a long one is not repeated.
    assert list(scores["seconds"]) == [9.0, 0.02, 0.02, 0.02, 0.02, 5.0]


def test_components_of_several_metrics_stand_side_by_side(features, labels):
    metrics = {"peftdiff": PARAMETERS, "logme": {}, "ncti": {}}
    tables = [score_models(features, labels, *item)[1] for item in metrics.items()]
    joined = join_components(tables)
    assert len(joined) == len(features)
    for table in (tables[0], tables[2]):
        pd.testing.assert_frame_equal(joined[table.columns], table)
    assert join_components([tables[1]]).empty
    with pytest.raises(ValueError, match="component called 'intra'"):
        join_components([tables[0], tables[0]])

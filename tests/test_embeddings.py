import json

import numpy as np
import pandas as pd
import pytest

from peftdiff.embeddings import (
    BACKBONE_MODEL,
    ModelName,
    read_embedding,
    tabulate_models,
    writing_embedding,
)
from peftdiff.records import read_metadata, write_arrays
from peftdiff.runtime import UserError

FEATURES = {
    model: np.full((3, 2), place, "f4")
    for place, model in enumerate(
        [BACKBONE_MODEL, ModelName("lora", 0), ModelName("fact_tt", 3)]
    )
}


@pytest.mark.parametrize("model", FEATURES)
def test_a_name_is_read_as_it_is_written(model):
    assert ModelName.parse(str(model)) == model


def test_models_are_told_by_method_and_seed():
    assert str(ModelName("fact_tt", 3)) == "fact_tt/3"
    assert ModelName("fact_tt", 3).columns() == {"model": "fact_tt", "seed": 3}
    assert str(BACKBONE_MODEL) == "backbone"
    assert BACKBONE_MODEL.columns()["model"] == "backbone"
    assert pd.isna(BACKBONE_MODEL.columns()["seed"])


def test_each_models_rows_come_under_its_name():
    def measure(array):
        return pd.DataFrame({"k": [5, 6], "value": array[:2, 0]})

    table = tabulate_models(FEATURES, measure)
    assert list(table.columns) == ["model", "seed", "k", "value"]
    assert list(table["model"]) == ["backbone"] * 2 + ["lora"] * 2 + ["fact_tt"] * 2
    assert list(table["seed"].dropna()) == [0, 0, 3, 3]
    assert list(table["value"]) == [0, 0, 1, 1, 2, 2]


def test_an_embedding_is_its_features_and_its_labels(tmp_path):
    path = tmp_path / "digits.safetensors"
    labels = np.arange(3)
    with writing_embedding(
        path, FEATURES, width=2, labels=labels, class_names=("a", "b", "c")
    ) as arrays:
        assert list(arrays) == list(FEATURES)
        for model, features in FEATURES.items():
            arrays[model][:] = features
    features, labels = read_embedding(path)
    assert json.loads(read_metadata(path)["class_names"]) == ["a", "b", "c"]
    assert list(features) == list(FEATURES)
    assert (features[ModelName("fact_tt", 3)] == 2).all()
    assert list(labels) == [0, 1, 2]


def test_a_file_without_labels_is_named(tmp_path):
    path = tmp_path / "digits.safetensors"
    write_arrays(path, {str(model): FEATURES[model] for model in FEATURES}, {})
    with pytest.raises(UserError, match=r"digits.safetensors holds no 'labels'"):
        read_embedding(path)

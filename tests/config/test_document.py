"""The page and the schema that are made from the models."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from peftdiff.config.document import BASE, PAGE, SCHEMA, page, schema
from tests.helpers.configuration import OVERLAYS, load
from tests.helpers.project import ROOT

MAKE = "run: PYTHONPATH=workflow .venv/bin/python -m peftdiff.config.document"


def test_the_page_of_all_keys_is_current():
    assert (ROOT / PAGE).read_text() == page(load()), MAKE


def test_the_schema_for_editors_is_current():
    assert (ROOT / SCHEMA).read_text() == schema(), MAKE


def test_every_key_of_the_embedded_experiment_is_on_the_page():
    text = (ROOT / PAGE).read_text()
    for section, keys in load().items():
        if section in ("hyperparameters", "metric_parameters"):
            keys = {f"{slug}.{key}": None for slug in keys for key in keys[slug]}
        for key in keys if isinstance(keys, dict) else ():
            assert f"| `{section}.{key}` |" in text, key
        assert f"`{section}`" in text


@pytest.fixture(scope="module")
def validator():
    found = json.loads((ROOT / SCHEMA).read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


FILES = [BASE, *(f"configs/{name}" for name in OVERLAYS)]


@pytest.mark.parametrize("name", FILES)
def test_every_configuration_is_right_by_the_schema_that_it_names(name, validator):
    text = (ROOT / name).read_text()
    named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert Path(ROOT / name).parent.joinpath(named).resolve() == ROOT / SCHEMA
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "overlay",
    [
        {"taks": []},
        {"methods": ["lora", "lorra"]},
        {"source": {"recipe": {"warmup": 1}}},
        {"source": {"learning_rates": {"lorra": 1.0}}},
        {"hyperparameters": {"lora": {"rank": 0}}},
        {"metric_parameters": {"gbc": {"covariance": "full"}}},
        {"data": {"normalization": "imagnet"}},
        {"data": {"normalization": {"mean": [0.5, 0.5]}}},
        {"data": {"image_folders": {"nan": "x"}}},
        {"experiment": "Mine"},
    ],
    ids=str,
)
def test_the_schema_knows_names_bounds_and_patterns(overlay, validator):
    assert not validator.is_valid(overlay)


def test_the_schema_takes_numbers_in_every_way_that_the_check_does(validator):
    validator.validate({"data": {"train_images": 1.0e3}, "source": {"seeds": [0]}})
    validator.validate({"hyperparameters": {"noah": {"adapter": [1, 2]}}})
    validator.validate({"metric_parameters": {"peftdiff": {"kernel_width": "median"}}})

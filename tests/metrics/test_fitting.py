"""On a small task, parameters are brought down to what its images allow."""

import logging
import warnings

import numpy as np
import pytest

from peftdiff.metrics import METRICS, compute
from peftdiff.metrics.fitting import fit_parameters, largest_sizes

LABELS = np.arange(15) % 3


@pytest.mark.parametrize(
    ("metric", "given", "fitted"),
    [
        ("peftdiff", {}, {"neighbors": 15, "components": 15}),
        ("peftdiff", {"neighbors": 15, "components": 4}, {}),
        ("peftdiff", {"neighbors": 16, "components": 4}, {"neighbors": 15}),
        ("knn", {}, {}),
        ("knn", {"neighbors": 15}, {"neighbors": 14}),
        ("logme", {}, {}),
        ("parc", {"components": 100}, {}),  # which takes as many as there are
    ],
)
def test_what_is_too_large_becomes_the_largest_and_is_said(
    metric, given, fitted, caplog
):
    with caplog.at_level(logging.WARNING, "peftdiff"):
        assert fit_parameters(metric, given, LABELS) == given | fitted
    assert len(caplog.records) == len(fitted)
    for record, name in zip(caplog.records, fitted, strict=True):
        assert f"'metric_parameters.{metric}.{name}'" in record.message


def test_images_of_classes_that_are_left_out_do_not_count():
    labels = np.repeat([0, 1, 2], [12, 11, 4])
    some = {"min_class_size": 5}
    assert largest_sizes("peftdiff", some, labels) == {
        "neighbors": 23,
        "components": 23,
    }
    published = {"variant": "as_published"}
    found = largest_sizes("peftdiff", published, labels)
    assert found == {"neighbors": 23, "components": 22}
    small = published | {"neighbors": 8}
    assert fit_parameters("peftdiff", small, LABELS) == small  # it gets no score


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_takes_a_task_of_few_images(metric):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(15, 8)) + 3 * np.eye(8)[LABELS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compute(metric, features, LABELS, **fit_parameters(metric, {}, LABELS))

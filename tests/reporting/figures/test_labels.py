import pytest

from peftdiff.evaluation.correlation import correlate
from peftdiff.methods import METHODS
from peftdiff.metrics import METRICS
from peftdiff.reporting import labels
from peftdiff.tasks import TASKS


@pytest.mark.parametrize(
    ("function", "table"),
    [(labels.method_label, METHODS), (labels.task_label, TASKS)],
)
def test_labels_come_from_the_table_or_are_the_slug(function, table):
    for slug, entry in table.items():
        assert function(slug) == entry.label
    assert function("not in any table") == "not in any table"


def test_every_metric_and_baseline_of_the_correlations_has_a_label(make):
    truth = make.truth(seeds=1).assign(trainable_parameters=range(66))
    found = correlate(make.scores(truth), truth)["metric"].unique()
    assert {labels.metric_label(slug) for slug in found}.isdisjoint(found)
    assert set(labels.BASELINES) < set(found)


def test_metrics_and_baselines_have_labels():
    assert labels.metric_label("logme") == METRICS["logme"].label
    assert labels.metric_label("parameter_count") == "Parameter count"
    assert labels.metric_label("not in any table") == "not in any table"


def test_groups_are_capitalized_and_known_for_tasks():
    assert labels.group_label("natural") == "Natural"
    assert labels.group_label("") == ""
    assert labels.task_group("cells") == "specialized"
    assert labels.task_group("not in any table") == ""


def test_known_slugs_come_in_the_order_of_the_table_then_the_others():
    given = ["zeta", "noah", "alpha", "lora", "zeta", "adapter"]
    wanted = ["adapter", "lora", "noah", "zeta", "alpha"]
    assert labels.order_methods(given) == wanted
    assert labels.order_tasks(["mine", "cells", "digits"]) == [
        "digits",
        "cells",
        "mine",
    ]
    assert labels.order_groups(["structured", "own", "natural"]) == [
        "natural",
        "structured",
        "own",
    ]
    assert labels.order_metrics(["random", "static", "peftdiff"])[-2:] == [
        "static",
        "random",
    ]


def test_method_keeps_its_position_whatever_the_pool():
    position = list(METHODS).index("lora")
    assert labels.method_position("lora", ["lora"]) == position
    assert labels.method_position("lora", ["mine", "vpt", "lora"]) == position


def test_unknown_methods_get_positions_of_their_own():
    slugs = ["mine", "lora", "yours"]
    positions = {labels.method_position(slug, slugs) for slug in slugs}
    assert len(positions) == 3
    assert labels.method_position("mine", slugs) == len(METHODS)

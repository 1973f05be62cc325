"""What the search adds to an experiment's runs, before and after it is done."""

import pytest

from peftdiff.models.device import Setting
from peftdiff.stages.experiment import experiment_plans, referenced_runs
from peftdiff.stages.noah.search import NOAH_SIZES, noah_plans
from peftdiff.stages.status import runs_by_stage
from tests.helpers.configuration import changed, load
from tests.helpers.plans import CHECKSUMS, CPU, runs

ON = {"noah__search": "lite"}
FOUND = {"sizes": {name: [1, 0, 0, 0] for name in NOAH_SIZES}, "train_seconds": 7.0}


def plans(results=None, **changes):
    config = changed(**(ON | changes))
    return experiment_plans(config, CHECKSUMS, CPU, results=results or {})


def of(stage, made):
    (plan,) = [plan for plan in made if plan.stage == stage]
    return plan


def searched(**changes):
    """Return the plans of an experiment whose search is done."""
    key = of("search_noah", plans(**changes)).key
    return plans({key: FOUND}, **changes)


def noahs(made):
    stages = ("train_method", "fine_tune")
    return [p for p in made if p.method == "noah" and p.stage in stages]


def test_without_a_search_there_is_none():
    none = noah_plans(
        load()["noah"], backbone="b", hyperparameters={}, data={}, setting=CPU
    )
    assert none == []
    assert runs() == runs(noah__seed=3, noah__levels__lite__recipe__epochs=1)


def test_without_noah_there_is_none():
    methods = [m for m in load()["methods"] if m != "noah"]
    assert runs(methods=methods) == runs(methods=methods, **ON)


def test_the_search_adds_two_runs_and_changes_noahs_alone():
    off = experiment_plans(load(), CHECKSUMS, CPU)
    for made in (plans(), searched()):
        assert len(made) == len(off) + 2
        gone = {plan.key for plan in off} - {plan.key for plan in made}
        assert gone == {plan.key for plan in noahs(off)}


def test_the_found_sizes_are_those_of_noahs_runs():
    made = noahs(searched())
    assert len(made) == 2 + 6 * (2 + 3)
    for plan in made:
        assert plan.hyperparameters == FOUND["sizes"]
    kept = {"dropout": 0.1}
    for plan in noahs(searched(hyperparameters__noah=kept)):
        assert plan.hyperparameters == FOUND["sizes"] | kept


def test_the_same_sizes_keep_noahs_runs_whatever_found_them():
    one, other = searched(), searched(noah__seed=1)
    assert {p.key for p in noahs(one)} == {p.key for p in noahs(other)}
    assert of("search_noah", one).key != of("search_noah", other).key


def test_before_the_search_noahs_runs_are_none_that_exist():
    known = {plan.key for plan in noahs(plans())}
    assert not known & {plan.key for plan in noahs(searched())}
    assert len(known) == 2 + 6 * (2 + 3)


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({"noah__levels__lite__evolution__population": 21}, {"search_noah"}),
        ({"noah__levels__lite__recipe__epochs": 1}, {"search_noah", "train_supernet"}),
        ({"noah__levels__lite__sizes": [1, 2]}, {"search_noah", "train_supernet"}),
        ({"noah__validation_share": 0.1}, {"search_noah", "train_supernet"}),
        (
            {"hyperparameters__noah": {"dropout": 0.1}},
            {"search_noah", "train_supernet"},
        ),
        ({"hyperparameters__noah": {"lora": 7}}, set()),
        ({"noah__levels__full__sizes": [1, 2]}, set()),
        ({"source__recipe__epochs": 1}, set()),
    ],
)
def test_what_the_search_depends_on(change, anew):
    stages = ("search_noah", "train_supernet")
    before, after = plans(), plans(**change)
    assert {s for s in stages if of(s, before).key != of(s, after).key} == anew


def test_the_device_makes_another_search():
    config, half = changed(**ON), Setting("cpu", "bfloat16")
    other = experiment_plans(config, CHECKSUMS, half)
    assert of("search_noah", other).key != of("search_noah", plans()).key


def test_pruning_keeps_the_search_and_what_it_found():
    key = of("search_noah", plans()).key
    kept = referenced_runs(changed(**ON), CHECKSUMS, CPU, {key: FOUND})
    assert kept == {plan.key for plan in searched()}
    assert {key, of("train_supernet", plans()).key} < kept


def test_the_status_counts_the_search_before_and_after():
    results = {}
    for done in (0, 1):
        table = runs_by_stage(changed(**ON), CHECKSUMS, CPU, results, ())
        table = table.set_index("stage")
        assert table.loc["search_noah", ["runs", "done"]].tolist() == [1, done]
        assert table.loc["train_supernet", ["runs", "done"]].tolist() == [1, 0]
        assert table.loc["train_method", ["runs", "done"]].tolist() == [18, 2 * done]
        results = {of("search_noah", plans()).key: FOUND}
        trained = [p for p in noahs(searched()) if p.stage == "train_method"]
        results |= {plan.key: {"train_seconds": 1.0} for plan in trained}

import pytest

from peftdiff.config import FINE_TUNE, check_config
from peftdiff.config.experiment import GroundTruth
from peftdiff.config.sentences import fields, names_of
from peftdiff.evaluation.published import SOURCES, absences, published_truth
from peftdiff.runtime import UserError
from tests.helpers.configuration import changed

STUDY = "osu_unified_study"
TASKS = {"digits": "natural", "kitti": "structured", "cifar": "natural"}
METHODS = ["noah", "vpt", "lora"]


def test_the_configuration_knows_every_source_and_no_other():
    allowed = names_of(fields(GroundTruth)["source"])
    assert allowed == [FINE_TUNE, *SOURCES]
    for source in allowed:
        check_config(changed(ground_truth__source=source))


@pytest.mark.parametrize("source", SOURCES)
def test_every_row_is_a_cell_of_the_table(accuracies, groups, source):
    methods = ["fact_tt", "noah", "bitfit"]
    truth = published_truth(accuracies, source, groups, methods, ["linear"])
    own = accuracies[accuracies["source"] == source]
    printed = {(r.task, r.method): r.accuracy for r in own.itertuples()}
    order = [(task, m) for task in groups for m in (*methods, "linear")]
    expected = [(*key, printed[key]) for key in order if key in printed]
    found = truth[["task", "method", "accuracy"]]
    assert list(found.itertuples(index=False, name=None)) == expected
    assert (truth["in_pool"] == (truth["method"] != "linear")).all()
    assert set(truth["source"]) == {source}
    assert truth["group"].tolist() == [groups[task] for task, _, _ in expected]
    empty = ["seed", "epochs", "train_seconds", "trainable_parameters"]
    assert truth[empty].isna().all(axis=None)


def test_what_the_table_lacks_is_said(accuracies):
    truth = published_truth(accuracies, STUDY, TASKS, METHODS, (), {"lora": 7})
    assert truth["task"].tolist() == ["kitti", "kitti", "cifar", "cifar"]
    assert truth["method"].tolist() == ["vpt", "lora"] * 2
    assert truth["trainable_parameters"].dropna().tolist() == [7, 7]
    assert absences(truth, list(TASKS), METHODS) == (
        "the published ground truth (OSU's unified study) lacks 1 of 3 tasks (digits)"
        " and 1 of 3 methods (noah)"
    )
    assert absences(truth, ["kitti", "cifar"], ["vpt", "lora"]) == ""


@pytest.mark.parametrize(
    ("tasks", "methods", "shared", "theirs", "ours"),
    [
        ({"digits": "natural"}, METHODS, "no task", "caltech101", "digits"),
        (TASKS, ["noah", "convpass_attn"], "no method", "bitfit", "noah, convpass_at"),
        (TASKS, ["noah", "vpt"], "only the method vpt", "bitfit", "noah, vpt"),
    ],
)
def test_a_table_that_shares_too_little_is_named_with_what_either_has(
    accuracies, tasks, methods, shared, theirs, ours
):
    with pytest.raises(UserError) as caught:
        published_truth(accuracies, STUDY, tasks, methods)
    first, rest = str(caught.value).split(" with the experiment: it has ")
    assert first == (
        f"config key 'ground_truth.source' is '{STUDY}', a table that shares {shared}"
    )
    has, experiment_has = rest.split("; the experiment has ")
    assert theirs in has.split(", ")
    assert experiment_has.startswith(ours)

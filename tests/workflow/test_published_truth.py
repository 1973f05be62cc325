"""A published ground truth through the tables: ranked as any other, without seeds."""

import numpy as np
import pandas as pd
import pytest

import map_diffusion
import record_provenance
import take_published_truth
from peftdiff.evaluation.correlation import complete_truth, correlate, reliabilities
from peftdiff.evaluation.published.truth import NO_SEEDS, published_source
from peftdiff.evaluation.stability import leave_methods_out
from peftdiff.evaluation.studies.times import gather_times, times_by_group
from peftdiff.evaluation.summary import summarize
from peftdiff.paths import published_table
from peftdiff.records import read_json, read_table, write_arrays, write_table
from peftdiff.reporting.pages.tau import tau_page
from peftdiff.reporting.pages.times import times_page
from peftdiff.reporting.provenance import provenance
from peftdiff.stages.store import Run, write_models
from tests.helpers import tables
from tests.helpers.configuration import changed
from tests.helpers.project import ROOT
from tests.helpers.tables import STUDY, published


def test_taus_are_those_of_the_same_accuracies_with_seeds():
    scores, truth = tables.scores(), tables.truth()
    measured, found = (correlate(scores, t) for t in (truth, published()))
    same = ["task", "metric", "weighted_tau", "n_methods", "p_value", "null_sd"]
    pd.testing.assert_frame_equal(found[same], measured[same])
    assert found[["ci_low", "ci_high"]].isna().all(axis=None)
    assert set(found.loc[found["metric"] != "random", "note"]) == {NO_SEEDS}


def test_reliability_and_ceiling_are_empty_with_their_reason():
    halves = reliabilities(published())
    assert halves["reliability"].isna().all()
    assert set(halves["note"]) == {NO_SEEDS}
    assert set(halves["seeds"]) == {0}
    scores = tables.scores()
    found = summarize(scores, published()).set_index("metric")
    measured = summarize(scores, tables.truth()).set_index("metric")
    assert found[["ceiling", "truth_reliability"]].isna().all(axis=None)
    note = f"no reliability: {NO_SEEDS}"
    assert found.loc["logme", "note"] == note
    # The scores have their seeds still, and all else is as it was.
    kept = ["mean_weighted_tau", "p_value", "regret_at_1", "reliability", "ci_low"]
    pd.testing.assert_frame_equal(
        found.loc[["logme"], kept], measured.loc[["logme"], kept]
    )


def test_what_a_table_lacks_is_noted_as_elsewhere():
    truth = published(tables.truth(methods=tables.METHODS[:-1]))
    lost = (truth["task"] == "land") & (truth["method"] == "vpt")
    truth = complete_truth(truth[~lost], tables.TASKS, tables.METHODS)
    table = correlate(tables.scores(), truth).set_index(["task", "metric"])
    assert table.loc[("land", "logme"), "note"].startswith("no accuracy for vpt; 4 of")
    assert np.isfinite(table.loc[("digits", "logme"), "weighted_tau"])
    assert set(reliabilities(truth)["note"]) == {NO_SEEDS}
    stable = leave_methods_out(tables.scores(), truth, tables.components())
    others = stable[stable["left_out"] != "vpt"]
    assert others["note"].str.startswith("2 of 3 tasks: undefined on land").all()


def test_the_page_says_where_the_truth_is_from():
    scores, truth = tables.scores(), published()
    made = (correlate(scores, truth), reliabilities(truth), summarize(scores, truth))
    text = tau_page(*made, 5, "OSU's unified study")
    assert "Ground truth: published accuracies (OSU's unified study)." in text
    assert "published" not in tau_page(*made, 5)


def test_times_say_that_fine_tuning_was_not_timed():
    scores = tables.scores().assign(seconds=1.0)
    components = tables.components().assign(peftdiff_seconds=1.0)
    timing = gather_times(scores, components, published())
    tuned = timing[timing["stage"] == "fine_tune"]
    assert tuned["seconds"].isna().all()
    assert set(tuned["note"]) == {"not recorded"}
    columns = ["group", "peftdiff_minutes", "fine_tuning_minutes", "speed_up"]
    poster = pd.DataFrame([["total", 1.0, 2.0, 2.0]], columns=columns)
    machine = dict.fromkeys(["system", "architecture", "cores", "python"], "x")
    text = " ".join(times_page(times_by_group(timing), timing, poster, machine).split())
    assert "fine_tune (15 of 15 models)" in text
    assert "Fine-tuned: nothing here, the accuracies are published." in text
    assert "other seeds" not in text


@pytest.fixture
def taken(tmp_path):
    """The script's table of two methods, of which one has 6 parameters, one 2."""
    shapes = {"lora": [(2, 3)], "vpt": [(1,), (1,)], "noah": [(4,)]}
    for method, own in shapes.items():
        weights = {f"{i}": np.zeros(shape) for i, shape in enumerate(own)}
        runs = {seed: Run(f"{method}{seed}", {}, weights) for seed in (0, 1)}
        write_models(tmp_path / f"{method}.safetensors", runs)
    path = str(tmp_path / "truth.csv")
    take_published_truth.main(
        str(ROOT / published_table("accuracy_vtab")),
        [str(tmp_path / f"{method}.safetensors") for method in shapes],
        path,
        experiment="test",
        source=STUDY,
        tasks={"digits": "natural", "cifar": "natural", "dtd": "natural"},
        methods=list(shapes),
        references=["linear", "full"],
    )
    return path


def test_the_script_takes_what_the_table_has(taken, caplog):
    truth = read_table(taken)
    assert published_source(truth) == STUDY
    assert list(truth.columns)[:7] == [
        *("experiment", "task", "group", "method", "in_pool", "seed", "accuracy"),
    ]
    assert truth["seed"].isna().all()
    pool = truth[truth["in_pool"]]
    assert pool["method"].tolist() == ["lora", "vpt"] * 2
    assert pool["trainable_parameters"].tolist() == [6, 2] * 2
    assert truth.loc[~truth["in_pool"], "method"].tolist() == ["linear"] * 2


def test_provenance_names_the_table_and_no_seed_and_no_device(taken, tmp_path):
    config = changed(ground_truth__source=STUDY)
    path = str(tmp_path / "provenance.json")
    record_provenance.main(taken, [], path, config=config, missing={})
    record = read_json(path)
    assert record["ground_truth_source"] == STUDY
    assert record["ground_truth_seeds"] == record["devices"] == []
    own = provenance(changed(), ["cpu"])
    assert own["ground_truth_source"] == "fine_tune"
    assert own["ground_truth_seeds"] == [0, 1]


def test_the_diffusion_map_shows_methods_that_the_table_has(taken, tmp_path):
    rng = np.random.default_rng(0)
    models = ("backbone", "noah/0", "lora/0", "vpt/0")
    arrays = {model: rng.normal(size=(40, 6)).astype(np.float32) for model in models}
    arrays["labels"] = np.arange(40) % 2
    embedding, path = str(tmp_path / "e.safetensors"), str(tmp_path / "map.npz")
    write_arrays(embedding, arrays, {"class_names": '["a", "b"]'})
    settings = {"neighbors": 8, "components": 4}
    map_diffusion.main(embedding, taken, path, task="cifar", peftdiff=settings)
    titles = [str(title) for title in np.load(path)["panels"]]
    assert titles[0] == "Backbone"
    assert {title.split(" (")[0] for title in titles[1:]} == {"LoRA", "VPT"}


def test_a_table_that_nobody_published_has_no_source(tmp_path):
    assert published_source(tables.truth()) == ""
    path = str(tmp_path / "truth.csv")
    write_table(path, published())
    assert published_source(read_table(path)) == STUDY

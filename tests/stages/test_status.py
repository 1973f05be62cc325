import numpy as np
import pandas as pd
import pytest

from peftdiff.models.device import Setting, allowed_settings
from peftdiff.records import write_json
from peftdiff.stages.experiment import experiment_plans
from peftdiff.stages.plan import Plan
from peftdiff.stages.status import runs_by_stage, setting_in_use, status_page
from peftdiff.stages.store import Checkpoint, RunStore
from tests.helpers.configuration import changed, load
from tests.helpers.plans import CHECKSUMS

CPU, GPU = Setting(), Setting("cuda", "bfloat16")
UNKNOWN = {name: {"train": "", "test": ""} for name in CHECKSUMS}


def plans_of(stage, setting=GPU):
    plans = experiment_plans(load(), CHECKSUMS, setting, studies=False)
    return [plan for plan in plans if plan.stage == stage]


def finished(*groups):
    return {
        plan.key: {"train_seconds": seconds}
        for plans, seconds in groups
        for plan in plans
    }


def stages(results, in_progress=(), checksums=CHECKSUMS):
    setting = setting_in_use(load(), checksums, {*results, *in_progress})
    table = runs_by_stage(load(), checksums, setting, results, in_progress)
    return setting, table.set_index("stage")


def test_before_anything_has_run_all_is_left_and_nothing_measured():
    _, table = stages({}, checksums=UNKNOWN)
    assert list(table["runs"]) == [1, 9 * 2, 10 * 6 * 2]
    assert table["left"].equals(table["runs"])
    assert table["seconds_left"].isna().all()
    page = status_page("mini", CPU, table.reset_index())
    assert page.startswith("Training runs of mini\n")
    assert page.count("not measured yet") == 2 * 3
    assert (
        "0.0 hours and what pretrain_backbone, train_method, fine_tune will take"
        in page
    )


def test_finished_runs_are_counted_and_tell_what_the_others_take():
    tuned = plans_of("fine_tune")
    results = finished(
        (plans_of("pretrain_backbone"), 700),
        (plans_of("train_method"), 60),
        (tuned[:20], 90),
        (tuned[20:39], 30),
        (tuned[39:40], 5000),
    )
    in_progress = {tuned[40].key}
    setting, table = stages(results | {"of another experiment": {}}, in_progress)
    assert setting == GPU
    assert list(table["done"]) == [1, 18, 40]
    assert list(table["begun"]) == [0, 0, 1]
    assert list(table["left"]) == [0, 0, 80]
    assert list(table["seconds_left"]) == [0, 0, 80 * 90]
    page = status_page("mini", setting, table.reset_index())
    assert "on cuda with bfloat16" in page
    assert "Left, one run at a time: 2.0 GPU hours." in page
    assert "not measured" not in page


def test_runs_of_a_gpu_are_found_where_there_is_none():
    assert setting_in_use(load(), CHECKSUMS, [plans_of("fine_tune", GPU)[0].key]) == GPU
    assert setting_in_use(load(), CHECKSUMS, [plans_of("fine_tune", CPU)[0].key]) == CPU
    only = changed(device="cpu", precision="float32")
    assert setting_in_use(only, CHECKSUMS, []) == CPU


@pytest.mark.parametrize(
    ("device", "precision", "count"),
    [("auto", "auto", 4), ("cpu", "auto", 2), ("cuda", "bfloat16", 1)],
)
def test_automatic_names_allow_every_setting(device, precision, count):
    settings = allowed_settings(device, precision)
    assert len(set(settings)) == count
    assert all(s.device == device or device == "auto" for s in settings)


def test_the_store_tells_finished_runs_from_those_that_have_begun(tmp_path):
    store = RunStore(tmp_path / "runs")
    assert (store.results(), store.in_progress()) == ({}, set())
    plan = Plan("fine_tune", "", "lora", {}, {}, {}, 0, CPU)
    seen = []

    def train(checkpoint):
        seen.append((store.results(), store.in_progress()))
        checkpoint.save({"x": np.zeros(1)}, 1)
        return {"train_seconds": 2.0}, {}

    store.ensure(plan, train)
    assert seen == [({}, {plan.key})]
    assert store.results() == {plan.key: {"train_seconds": 2.0}}
    assert store.in_progress() == set()
    Checkpoint(tmp_path / "runs/cut.checkpoint.safetensors").save({}, 1)
    assert store.in_progress() == {"cut"}
    write_json(tmp_path / "runs/broken/run.json", {})
    (tmp_path / "runs/broken/run.json").write_text("{")
    assert store.results().keys() == {plan.key}


def test_times_are_told_in_their_own_units():
    row = {"stage": "a", "runs": 1, "done": 1, "begun": 0, "left": 0}
    table = pd.DataFrame([row | {"seconds_done": 0}])
    for seconds, text in [(89, "89 s"), (90, "2 min"), (5400, "1.5 h")]:
        page = status_page(
            "x", CPU, table.assign(median_seconds=seconds, seconds_left=0.0)
        )
        assert f" {text} " in page

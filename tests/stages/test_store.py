import dataclasses
import errno
import fcntl
import multiprocessing
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from peftdiff.models.device import Setting
from peftdiff.runtime import UserError
from peftdiff.stages.plan import STAGE_VERSIONS, Plan
from peftdiff.stages.store import Checkpoint, Run, RunStore, read_models, write_models
from peftdiff.training.recipe import Recipe
from tests.helpers.project import ROOT

PLAN = Plan(
    stage="train_method",
    start="abc",
    method="lora",
    hyperparameters={"rank": 4},
    recipe=Recipe(epochs=2, batch_size=8, learning_rate=0.01, weight_decay=0.0),
    data={"checksums": ["x"], "mean": 0.5, "std": 0.28},
    seed=0,
    setting=Setting("cpu", "float32"),
)


class Trainer:
    """Counts its calls; the result tells them apart."""

    def __init__(self):
        self.calls = 0

    def __call__(self, checkpoint):
        self.calls += 1
        return {"accuracy": float(self.calls)}, {"w": np.full(3, self.calls, "f4")}


def test_a_finished_run_is_remembered(tmp_path):
    train = Trainer()
    first = RunStore(tmp_path).ensure(PLAN, train)
    again = RunStore(tmp_path).ensure(PLAN, train)
    assert train.calls == 1
    assert first.key == again.key == PLAN.key
    assert again.result == {"accuracy": 1.0}
    np.testing.assert_array_equal(again.weights["w"], np.ones(3, "f4"))
    assert sorted(os.listdir(tmp_path)) == [PLAN.key]


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "fine_tune"},
        {"start": "abd"},
        {"method": "vpt"},
        {"hyperparameters": {"rank": 5}},
        {"recipe": dataclasses.replace(PLAN.recipe, epochs=3)},
        {"recipe": dataclasses.replace(PLAN.recipe, flips=True)},
        {"recipe": None},
        {"data": {"checksums": ["y"], "mean": 0.5, "std": 0.28}},
        {"seed": 1},
        {"setting": Setting("cuda", "float32")},
        {"setting": Setting("cpu", "bfloat16")},
    ],
    ids=str,
)
def test_whatever_a_result_depends_on_makes_another_run(change):
    assert dataclasses.replace(PLAN, **change).key != PLAN.key


def test_the_order_of_keys_makes_no_other_run():
    turned = dict(reversed(PLAN.data.items()))
    assert dataclasses.replace(PLAN, data=turned).key == PLAN.key


def test_a_new_stage_version_makes_another_run(monkeypatch):
    before = PLAN.key
    monkeypatch.setitem(STAGE_VERSIONS, "train_method", 99)
    assert PLAN.key != before


def test_retrain_ignores_the_store_and_its_checkpoint(tmp_path):
    train = Trainer()
    RunStore(tmp_path).ensure(PLAN, train)
    Checkpoint(tmp_path / f"{PLAN.key}.checkpoint.safetensors").save(
        {"x": np.zeros(1)}, 1
    )

    def fresh(checkpoint):
        assert checkpoint.load() is None
        return train(checkpoint)

    assert RunStore(tmp_path, retrain=True).ensure(PLAN, fresh).result == {
        "accuracy": 2.0
    }
    found = RunStore(tmp_path).find(PLAN.key)
    assert found is not None
    assert found.result == {"accuracy": 2.0}


def test_a_failed_run_leaves_its_checkpoint_and_no_result(tmp_path):
    store = RunStore(tmp_path)

    def killed(checkpoint):
        checkpoint.save({"x": np.arange(3.0)}, 4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.ensure(PLAN, killed)
    assert store.find(PLAN.key) is None

    def resumed(checkpoint):
        tensors, epoch = checkpoint.load()
        np.testing.assert_array_equal(tensors["x"], np.arange(3.0))
        return {"epoch": epoch}, {}

    assert store.ensure(PLAN, resumed).result == {"epoch": 4}
    assert os.listdir(tmp_path) == [PLAN.key]


def test_a_broken_checkpoint_starts_the_run_anew(tmp_path, caplog):
    caplog.set_level("INFO", "peftdiff")
    checkpoint = Checkpoint(tmp_path / "c.safetensors")
    checkpoint.save({"x": np.zeros(9)}, 1)
    (tmp_path / "c.safetensors").write_bytes(b"cut")
    assert checkpoint.load() is None
    assert "starts from its beginning" in caplog.text


def test_broken_weights_of_a_run_are_named(tmp_path):
    RunStore(tmp_path).ensure(PLAN, Trainer())
    (tmp_path / PLAN.key / "weights.safetensors").write_bytes(b"cut")
    with pytest.raises(UserError, match=r"weights.safetensors is cut off"):
        RunStore(tmp_path).ensure(PLAN, Trainer())


def test_prune_deletes_what_is_not_kept(tmp_path):
    store, other = RunStore(tmp_path), dataclasses.replace(PLAN, seed=1)
    store.ensure(PLAN, Trainer())
    store.ensure(other, Trainer())
    (tmp_path / "dead.checkpoint.safetensors").write_bytes(b"")
    assert store.prune([PLAN.key]) == sorted([other.key, "dead"])
    assert os.listdir(tmp_path) == [PLAN.key]
    assert RunStore(tmp_path / "nowhere").prune([]) == []


def _slow_run(root, log):
    def train(checkpoint):
        with open(log, "a") as file:
            file.write("start\n")
        time.sleep(0.3)
        with open(log, "a") as file:
            file.write("end\n")
        return {}, {}

    RunStore(root).ensure(PLAN, train)


def test_two_processes_never_make_the_same_run(tmp_path):
    context = multiprocessing.get_context("spawn")
    arguments = (tmp_path / "runs", tmp_path / "log")
    workers = [context.Process(target=_slow_run, args=arguments) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert (tmp_path / "log").read_text() == "start\nend\n"
    assert os.listdir(tmp_path / "runs") == [PLAN.key]


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_runs_are_made_and_the_log_says_so_once(
    tmp_path, monkeypatch, caplog, code
):
    def no_locks(file, how):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    store, other = RunStore(tmp_path), dataclasses.replace(PLAN, seed=1)
    with caplog.at_level("INFO", "peftdiff"):
        store.ensure(PLAN, Trainer())
        store.ensure(other, Trainer())
        store.ensure(PLAN, pytest.fail)
        assert store.prune([PLAN.key]) == [other.key]
    assert os.listdir(tmp_path) == [PLAN.key]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"{tmp_path} knows no locks" in record.getMessage()


def test_a_lock_that_fails_otherwise_stops_the_run(tmp_path, monkeypatch):
    def failing(file, how):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", failing)
    with pytest.raises(OSError, match="Input/output") as caught:
        RunStore(tmp_path).ensure(PLAN, pytest.fail)
    assert caught.value.filename == str(tmp_path / f"{PLAN.key}.lock")


def test_models_of_several_seeds_come_back(tmp_path):
    runs = {
        seed: Run(f"key{seed}", {}, {"blocks.0/w": np.full(2, seed, "f4")})
        for seed in (0, 10, 1)
    }
    write_models(tmp_path / "lora.safetensors", runs)
    read = read_models(tmp_path / "lora.safetensors")
    assert list(read) == [0, 10, 1]
    for seed, run in runs.items():
        assert read[seed].key == run.key
        assert list(read[seed].weights) == ["blocks.0/w"]
        np.testing.assert_array_equal(read[seed].weights["blocks.0/w"], [seed, seed])


POOL = """
import resource, sys
from pathlib import Path

import numpy as np

from peftdiff.stages.store import Run, read_models, write_models

resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
folder, methods, seeds = Path(sys.argv[1]), range(40), range(5)
weights = {f"blocks.{n}/w": np.full(2, n, "f4") for n in range(100)}
for method in methods:
    runs = {seed: Run(f"{method} {seed}", {}, weights) for seed in seeds}
    write_models(folder / f"{method}.safetensors", runs)
pool = [read_models(folder / f"{method}.safetensors") for method in methods]
assert sum(len(run.weights) for runs in pool for run in runs.values()) == 20_000
assert pool[-1][4].weights["blocks.99/w"][1] == 99
"""


def test_a_large_pool_needs_few_open_files(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", POOL, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_record_is_read_without_the_weights(tmp_path):
    store = RunStore(tmp_path)
    assert store.record(PLAN.key) is None
    store.ensure(PLAN, Trainer())
    (tmp_path / PLAN.key / "weights.safetensors").unlink()
    record = store.record(PLAN.key)
    assert record["result"] == {"accuracy": 1.0}
    assert record["identity"]["setting"]["device"] == "cpu"
    (tmp_path / PLAN.key / "run.json").write_text("{")
    with pytest.raises(UserError, match=f"delete the folder {tmp_path / PLAN.key}"):
        store.record(PLAN.key)

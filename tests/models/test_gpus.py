import errno
import fcntl
import multiprocessing
import os
from collections import Counter
from multiprocessing.connection import wait

import pytest

from peftdiff.models import gpus
from peftdiff.models.device import resolve_setting
from peftdiff.models.gpus import reserve_gpu, slots_of, take_slot, visible_gpus

CONTEXT = multiprocessing.get_context("spawn")


def hold(slots, folder, pipe):
    pipe.send((os.getpid(), take_slot(slots, folder, pause=0.01)))
    pipe.recv()


class Jobs:
    """Processes that take a slot each and keep it until they are told to leave."""

    def __init__(self, slots, folder):
        self.slots, self.folder = slots, folder
        self.pipes, self.processes = [], []

    def start(self, count):
        for _ in range(count):
            ours, theirs = CONTEXT.Pipe()
            arguments = (self.slots, self.folder, theirs)
            process = CONTEXT.Process(target=hold, args=arguments, daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)

    def next(self):
        """Return the process that is the next to have a slot, and its GPU."""
        ready = wait(self.pipes, timeout=120)
        assert ready, "no job has a slot"
        return ready[0].recv()

    def end(self):
        for process in self.processes:
            process.kill()
            process.join()


@pytest.fixture
def jobs(tmp_path):
    made = []

    def make(gpu_names, count):
        made.append(Jobs(slots_of(gpu_names, count), tmp_path / "locks"))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_a_gpu_is_shared_only_where_there_are_more_slots_than_gpus():
    assert slots_of(["0", "1"], 2) == [("0", 0), ("1", 0)]
    assert slots_of(["0", "1"], 3) == [("0", 0), ("1", 0), ("0", 1)]
    assert slots_of(["0", "1"], 1) == [("0", 0)]


def test_jobs_never_share_a_slot(jobs):
    two = jobs(["0", "1"], 2)
    two.start(2)
    assert {two.next()[1], two.next()[1]} == {"0", "1"}


def test_jobs_share_gpus_evenly_where_the_slots_say_so(jobs):
    four = jobs(["0", "1"], 4)
    four.start(4)
    assert Counter(four.next()[1] for _ in range(4)) == {"0": 2, "1": 2}


def test_a_job_waits_for_a_slot_that_a_killed_one_leaves(jobs):
    one = jobs(["3"], 1)
    one.start(1)
    first, _ = one.next()
    assert not gpus._lock(one.folder / "3.0.lock")
    one.start(1)
    assert not one.pipes[1].poll(0.5)
    one.processes[0].kill()
    one.pipes.pop(0)
    second, gpu = one.next()
    assert (second != first, gpu) == (True, "3")


def test_a_reserved_gpu_is_the_only_one_that_is_seen(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5")
    monkeypatch.setenv("PEFTDIFF_GPU_SLOTS", "2")
    held = os.open(tmp_path / "2.0.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    assert reserve_gpu(tmp_path) == "GPU-5"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-5"
    os.close(held)
    # A second call, or a process that this one starts, keeps the GPU.
    assert reserve_gpu(tmp_path) is None
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-5"


def test_without_locks_some_gpu_is_taken(tmp_path, monkeypatch, caplog):
    def no_locks(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert gpus.take_slot([("3", 0), ("5", 0)], tmp_path) in ("3", "5")
    assert f"{tmp_path} knows no locks" in caplog.text


def test_what_a_cluster_gives_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("PEFTDIFF_GPU_SLOTS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert reserve_gpu(tmp_path) is None
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_a_machine_without_gpus_has_none_to_reserve(tmp_path, monkeypatch):
    monkeypatch.setenv("PEFTDIFF_GPU_SLOTS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert reserve_gpu(tmp_path) is None


def test_gpus_are_counted_by_their_devices(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("nvidia0", "nvidia7", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert visible_gpus(tmp_path) == ["0", "1"]


def test_a_setting_is_resolved_on_the_reserved_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv("PEFTDIFF_GPU_SLOTS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "no-such-gpu")
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    resolve_setting("cpu", "auto")
    assert not list(tmp_path.iterdir())
    resolve_setting("auto", "auto")
    (lock,) = tmp_path.rglob("*.lock")
    assert lock.name == "no-such-gpu.0.lock"

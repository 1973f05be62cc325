"""Seconds and memory of a case's sides, each in its own process, run in turn."""

import gc
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import sides
from benchmarks.cases import Case
from benchmarks.data import Embedding, clustered

WARM_UP = 400  # samples in the untimed first run
DENSE_MATRICES = 6  # n x n float64 matrices that the dense side holds at once
GIB = 2**30
CLOCKS = {"seconds", "cpu_seconds"}  # CPU seconds of all threads together


def measure(case: Case) -> dict[str, Any]:
    """Run a case, and return it with the seconds and memory of each of its sides.

    In each round the sides run one after the other, so that a busy machine slows them
    alike. For a side that cannot run, "absent" is the reason.
    """
    measured: dict[str, dict[str, Any]] = {side: {"seconds": []} for side in case.sides}
    workers = {side: _Worker(case, side) for side in case.sides}
    for worker in workers.values():
        worker.wait()
    for number in range(case.rounds):
        for side in list(workers):
            result = workers[side].run()
            for clock in CLOCKS & result.keys():
                result[clock] = [*measured[side].get(clock, []), result[clock]]
            measured[side] |= result
            if "absent" in result or (number == 0 and side in case.once):
                workers.pop(side).close()
    for worker in workers.values():
        worker.close()
    return asdict(case) | {"name": case.name, "sides": measured}


class _Worker:
    """A process that prepares a side once, and runs it whenever it is asked to."""

    def __init__(self, case: Case, side: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(other, case, side), daemon=True
        )
        self._process.start()
        other.close()
        self._failure: dict[str, Any] = {}

    def wait(self) -> None:
        """Return once the side is prepared, or cannot be."""
        self._failure = self._receive()

    def run(self) -> dict[str, Any]:
        """Return the result of ``_timed``, or the reason why there is none."""
        if self._failure:
            return self._failure
        self._connection.send("run")
        return self._receive()

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join()

    def _receive(self) -> dict[str, Any]:
        try:
            result: dict[str, Any] = self._connection.recv()
        except EOFError:
            return {"absent": "its process was killed: too little memory?"}
        return result


def _serve(connection: Connection, case: Case, side: str) -> None:
    """Prepare a side, then run it once for each message until there are no more."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            _check_memory(case, side)
            find = sides.find(case.work, side)
            with warnings.catch_warnings(action="ignore"):
                find(_data(case, folder, warm_up=True))()
            run = find(_data(case, folder))
            connection.send({})
            while connection.recv():
                connection.send(_timed(run))
        except EOFError:
            return
        except ModuleNotFoundError as error:
            connection.send({"absent": f"{error.name} is not installed"})
        except ImportError as error:  # says what to install
            connection.send({"absent": str(error)})
        except Exception as error:
            connection.send({"absent": f"failed: {type(error).__name__}: {error}"})


def _check_memory(case: Case, side: str) -> None:
    """Raise MemoryError rather than let n x n matrices drive the machine into swap."""
    needed = DENSE_MATRICES * 8 * case.n**2 / GIB if side == "dense" else 0
    available = psutil.virtual_memory().available / GIB
    if needed > available:
        raise MemoryError(f"needs {needed:.0f} GiB, {available:.0f} GiB are free")


def _data(case: Case, folder: str, warm_up: bool = False) -> Embedding:
    """Return a case's embedding, or one for each model; a small one to warm up."""
    n = min(case.n, WARM_UP) if warm_up else case.n
    n_classes = min(case.n_classes, 10) if warm_up else case.n_classes
    if case.memory_mapped:
        path = str(Path(folder) / f"{n}.npy")
        shape = (n, case.d)
        out = np.lib.format.open_memmap(path, "w+", np.float32, shape)
        labels = clustered(n, case.d, n_classes, out=out).labels
        out.flush()
        return Embedding(np.load(path, mmap_mode="r"), labels)
    if case.n_models == 1:
        return clustered(n, case.d, n_classes)
    models = [clustered(n, case.d, n_classes, seed) for seed in range(case.n_models)]
    return Embedding(
        np.stack([each.features for each in models]),
        np.stack([each.labels for each in models]),
    )


def _timed(run: sides.Run) -> dict[str, Any]:
    """Run once; memory is the process's peak, its data included."""
    gc.collect()
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        start, start_cpu = time.perf_counter(), time.process_time()
        values = run()
        seconds = time.perf_counter() - start
        cpu_seconds = time.process_time() - start_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    notes = {f"{each.category.__name__}: {each.message}" for each in raised}
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "gib": peak * (1 if sys.platform == "darwin" else 1024) / GIB,
        "values": values,
        "notes": sorted(notes),
    }

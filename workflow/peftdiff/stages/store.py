"""The run store: every training run is remembered under a digest of what made it.

A run is one model trained with one seed. Its identity says everything that its
result depends on, so a run is repeated exactly when its result would change.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from peftdiff.records import (
    Tensors,
    read_arrays,
    read_json,
    read_metadata,
    write_arrays,
    write_json,
)
from peftdiff.records.locks import (
    NoLocksError,
    lock,
    open_to_lock,
    warn_of_no_locks,
)
from peftdiff.runtime import UserError, logger
from peftdiff.stages.plan import Plan


@dataclass(frozen=True)
class Run:
    """A finished run: its key, its result (JSON-like) and its weights (or none)."""

    key: str
    result: dict[str, Any]
    weights: Tensors


class Checkpoint:
    """The state of a run under way: saved whole, loaded when the run is resumed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, tensors: Mapping[str, NDArray[Any]], epoch: int) -> None:
        """Remember the state after `epoch` epochs."""
        write_arrays(self._path, tensors, {"epoch": str(epoch)})

    def load(self) -> tuple[Tensors, int] | None:
        """Return the last state and its number of epochs, or None at the start."""
        if not self._path.exists():
            return None
        try:
            epoch = int(read_metadata(self._path)["epoch"])
            # Copies: the file is replaced while the run goes on.
            tensors = {k: v.copy() for k, v in read_arrays(self._path).items()}
        except UserError as error:
            logger.info("the run starts from its beginning: %s", error)
            return None
        return tensors, epoch

    def discard(self) -> None:
        """Forget the state."""
        self._path.unlink(missing_ok=True)


class RunStore:
    """Finished runs under one folder.

    Parameters
    ----------
    root
        The folder; made when the first run is.
    retrain
        Repeat runs even where they are remembered.
    """

    def __init__(self, root: str | Path, *, retrain: bool = False) -> None:
        self._root = Path(root)
        self._retrain = retrain

    def ensure(
        self,
        plan: Plan,
        train: Callable[[Checkpoint], tuple[dict[str, Any], Tensors]],
    ) -> Run:
        """Return the run of this plan, calling `train` only if it is new.

        `train` is given the run's checkpoint and returns its result and weights.
        A lock keeps two processes, such as a job that outlived a killed workflow
        and its successor, from writing the same run; where the file system knows no
        locks, the log says so.
        """
        key = plan.key
        with self._lock(key):
            checkpoint = Checkpoint(self._root / f"{key}.checkpoint.safetensors")
            if self._retrain:
                checkpoint.discard()
            elif (run := self.find(key)) is not None:
                return run
            result, weights = train(checkpoint)
            self._write(key, {"identity": plan.identity(), "result": result}, weights)
            checkpoint.discard()
            return Run(key, result, weights)

    def find(self, key: str) -> Run | None:
        """Return the finished run of this key, or None."""
        folder, record = self._root / key, self.record(key)
        if record is None:
            return None
        with _naming(folder):
            weights = read_arrays(folder / "weights.safetensors")
        return Run(key, record["result"], weights)

    def record(self, key: str) -> dict[str, Any] | None:
        """Return the identity and the result of this key's finished run, or None."""
        folder = self._root / key
        if not folder.is_dir():
            return None
        with _naming(folder):
            record: dict[str, Any] = read_json(folder / "run.json")
        return record

    def results(self) -> dict[str, dict[str, Any]]:
        """Return the results of all finished runs, by key; no weights are read."""
        results = {}
        for path in self._root.glob("*/run.json"):
            # A run may go while we look: its job repeats it, or it is pruned.
            with contextlib.suppress(UserError):
                results[path.parent.name] = read_json(path)["result"]
        return results

    def in_progress(self) -> set[str]:
        """Return the keys of runs that are under way, or cut off and to be resumed."""
        kinds = ("*.lock", "*.checkpoint.safetensors")
        paths = [path for kind in kinds for path in self._root.glob(kind)]
        return {path.name.split(".")[0] for path in paths} - self.results().keys()

    def prune(self, keep: Iterable[str]) -> list[str]:
        """Delete all runs but those kept; return the keys that went.

        Checkpoints of runs that nobody works on go too.
        """
        kept, removed = set(keep), []
        names = os.listdir(self._root) if self._root.is_dir() else []
        for key in sorted({name.split(".")[0] for name in names} - {""} - kept):
            with self._lock(key):
                shutil.rmtree(self._root / key, ignore_errors=True)
                Checkpoint(self._root / f"{key}.checkpoint.safetensors").discard()
            removed.append(key)
        return removed

    def _write(self, key: str, record: Mapping[str, Any], weights: Tensors) -> None:
        folder, draft = self._root / key, self._root / f"{key}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        write_json(draft / "run.json", record)
        write_arrays(draft / "weights.safetensors", weights, {"run": key})
        shutil.rmtree(folder, ignore_errors=True)
        draft.replace(folder)

    @contextlib.contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        path = self._root / f"{key}.lock"
        while True:
            with open_to_lock(path) as file:
                _wait_for(file, key)
                # The last holder may have removed the file while we waited for it.
                if _same_file(file.fileno(), path):
                    try:
                        yield
                    finally:
                        path.unlink(missing_ok=True)
                    return


@contextlib.contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """Say which run's folder is broken."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{error} (delete the folder {folder})") from None


def _wait_for(file: IO[str], key: str) -> None:
    try:
        lock(file, wait=False)
    except BlockingIOError:
        logger.info("waiting for another process that works on run %s", key)
        lock(file)
    except NoLocksError:
        warn_of_no_locks(Path(file.name).parent, logger.warning)


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def write_models(
    path: str | Path,
    runs: Mapping[int, Run],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write the weights of a model's runs, one per seed, with the keys of the runs."""
    keys = {str(seed): run.key for seed, run in runs.items()}
    weights = {
        f"{seed}/{name}": array
        for seed, run in runs.items()
        for name, array in run.weights.items()
    }
    write_arrays(path, weights, {**(metadata or {}), "runs": json.dumps(keys)})


def read_models(path: str | Path) -> dict[int, Run]:
    """Return the runs, by seed, that `write_models` wrote (without their results)."""
    arrays = read_arrays(path)
    runs = {}
    for seed, key in json.loads(read_metadata(path)["runs"]).items():
        prefix = f"{seed}/"
        weights = {
            name.removeprefix(prefix): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        runs[int(seed)] = Run(key, {}, weights)
    return runs

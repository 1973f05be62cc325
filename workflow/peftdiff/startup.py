"""What is settled before anything runs: the user's files, the tasks, a stale lock."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from peftdiff.config import FINE_TUNE
from peftdiff.models.gpus import visible_gpus
from peftdiff.paths import Vtab
from peftdiff.records.locks import (
    NoLocksError,
    lock,
    open_to_lock,
    warn_of_no_locks,
)
from peftdiff.runtime import UserError, one_sentence
from peftdiff.tasks import TASKS, VtabTask, group_of, missing_tasks

Config = Mapping[str, Any]

# Keys of files and folders of the user's, and what is taken where they are empty.
GIVEN = (
    ("source", "folder", "'source.hub' or the embedded source"),
    ("data", "vtab_root", "the hub's dataset"),
    ("backbone", "weights", "the hub's weights"),
)

# Libraries that a search for neighbors needs.
SEARCH_LIBRARIES = {"approximate": "faiss", "torch": "torch"}


def require_writable(folder: str | Path) -> None:
    """Raise `UserError` where results cannot be kept in a folder, made or yet to be."""
    existing = next(p for p in [Path(folder), *Path(folder).parents] if p.exists())
    if not os.access(existing, os.W_OK) or not existing.is_dir():
        raise UserError(
            f"the results folder {existing} cannot be written;"
            " change its permissions, or run from a folder of your own"
        )


def require_given(config: Config) -> None:
    """Raise `UserError` where a file or folder in the configuration is not there."""
    for section, key, instead in GIVEN:
        path = config[section][key]
        if path and not os.path.exists(path):
            raise UserError(
                f"config key '{section}.{key}' is {path}, which does not exist; correct"
                f" it, or leave it empty for {instead}"
            )


def require_searches(config: Config) -> None:
    """Raise `UserError` where a search for neighbors needs what is not installed."""
    for metric, parameters in config["metric_parameters"].items():
        search = parameters.get("search")
        library = SEARCH_LIBRARIES.get(search)
        if library and metric in config["metrics"] and not find_spec(library):
            raise UserError(
                f"config key 'metric_parameters.{metric}.search' is '{search}', which"
                f" needs the library {library}, and that is not installed; install"
                f' "peftdiff[{search}]", or take another search'
            )


def find_missing(config: Config) -> dict[str, str]:
    """Return the tasks whose images are known not to be there, and why."""
    data = config["data"]
    downloaded = Vtab.tasks if os.path.exists(Vtab.manifest) else None
    root = data["vtab_root"] or downloaded
    return missing_tasks(config["tasks"], root, data["image_folders"])


def warnings_at_start(
    config: Config,
    missing: Mapping[str, str],
    *,
    accuracies: str | Path,
    gpus_uncounted: bool,
) -> Iterator[str]:
    """Yield what a user should know before the first job.

    Parameters
    ----------
    config
        The checked configuration; its tasks are those that are there.
    missing
        The others (`find_missing`).
    accuracies
        The published accuracies, for a configuration that takes its ground truth there.
    gpus_uncounted
        Whether jobs run on this machine, and nothing limits how many use its GPUs.

    Raises
    ------
    UserError
        Where the published ground truth does not fit the experiment.
    """
    if missing:
        count = len(missing) + len(config["tasks"])
        names = ", ".join(missing)
        yield f"{len(missing)} of {count} tasks are missing and left out: {names}"
    if lacking := published_absences(config, accuracies):
        yield lacking
    source, tasks = config["source"], [TASKS.get(task) for task in config["tasks"]]
    embedded = not (source["folder"] or source["hub"])
    if embedded and any(isinstance(task, VtabTask) for task in tasks):
        yield (
            "config keys 'source.folder' and 'source.hub' are empty: methods are"
            " trained on the embedded source, not on ImageNet, and results on VTAB-1k"
            " say nothing about the paper's"
        )
    if gpus_uncounted and config["device"] != "cpu" and visible_gpus():
        yield (
            "nothing counts this machine's GPUs, so that as many jobs as there are"
            " cores may use one at a time; take --workflow-profile profiles/gpu, or"
            " --resources gpu=1"
        )


def published_absences(config: Config, accuracies: str | Path) -> str:
    """Say what the published ground truth of a configuration lacks.

    Empty where it lacks nothing, or the ground truth is not a published one.

    Raises
    ------
    UserError
        Where it shares too little with the experiment, or lacks the task whose
        diffusion map is drawn.
    """
    if config["ground_truth"]["source"] == FINE_TUNE:
        return ""
    # Imported here, because few experiments need it and each start waits for it.
    from peftdiff.evaluation.published import absences, published_truth, read_accuracies

    source, methods = config["ground_truth"]["source"], config["methods"]
    groups = {task: group_of(task) for task in config["tasks"]}
    map_task = config["figures"]["map_task"]
    truth = published_truth(read_accuracies(str(accuracies)), source, groups, methods)
    if map_task not in set(truth["task"]):
        raise UserError(
            f"config key 'figures.map_task' is '{map_task}', on which the published"
            f" ground truth {source} has no accuracies; name another task"
        )
    return absences(truth, list(groups), methods)


def clear_stale_lock(folder: str | Path, warn: Callable[[str], None]) -> IO[str]:
    """Remove the lock that a killed engine left in its folder, but no living one's.

    Each engine holds a shared lock on one file as long as it lives, however it ends;
    whoever can have that lock alone is the only one here. Where the file system knows
    no locks, nobody can tell: all is left as it is, and `warn` is told.

    Returns
    -------
    IO
        The locked file. The lock ends when it is closed: hold it.

    Raises
    ------
    UserError
        Where the folder cannot be written, or the lock be had for another reason.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        with contextlib.ExitStack() as on_failure:
            alive = on_failure.enter_context(open_to_lock(Path(folder, "alive")))
            locks = Path(folder, "locks")
            try:
                _clear_if_alone(locks, alive)
            except NoLocksError:
                warn_of_no_locks(Path(folder).absolute(), warn)
                if any(locks.glob("*.lock")):
                    warn(
                        f"{locks} holds the locks of another run, or of one that was"
                        f" killed: where none is under way, delete the folder {locks}"
                    )
            on_failure.pop_all()
    except OSError as error:
        raise UserError(one_sentence(error)) from None
    return alive


def _clear_if_alone(folder: Path, alive: IO[str]) -> None:
    try:
        lock(alive, wait=False)
        for left in folder.glob("*.lock"):
            left.unlink()
    except BlockingIOError:
        pass  # another engine lives here
    lock(alive, shared=True)

"""Which of an experiment's tasks are there to be prepared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from peftdiff.runtime import UserError
from peftdiff.tasks.kinds import OWN, VtabTask
from peftdiff.tasks.table import TASKS
from peftdiff.tasks.vtab import task_folder


def group_of(slug: str) -> str:
    """Return a task's group; that of an own image folder is "own"."""
    return TASKS[slug].group if slug in TASKS else OWN


def missing_tasks(
    tasks: Iterable[str], root: str | Path | None, own: Mapping[str, str]
) -> dict[str, str]:
    """Return the tasks whose images are not there, and what was looked for.

    Parameters
    ----------
    tasks
        Slugs. What is drawn is never missing.
    root
        The folder with VTAB-1k's tasks, None where it is yet to be downloaded.
    own
        The own image folders (or CSV files) by slug.
    """
    missing = {}
    for slug in tasks:
        task = TASKS.get(slug)
        if isinstance(task, VtabTask) and root is not None:
            if task_folder(root, task) is None:
                names = " or ".join((task.slug, *task.aliases))
                missing[slug] = f"{root} has no folder {names}"
        elif task is None and not Path(own[slug]).exists():
            missing[slug] = f"{own[slug]} does not exist"
    return missing


def present_tasks(
    tasks: Iterable[str], missing: Mapping[str, str], *, skip: bool, map_task: str
) -> list[str]:
    """Return the tasks that are there.

    Raises
    ------
    UserError
        Where one is missing and must not be, or none is left, or the task whose
        diffusion map is drawn is missing.
    """
    left = [task for task in tasks if task not in missing]
    if not missing:
        return left
    named = "; ".join(f"{task} ({why})" for task, why in missing.items())
    what = f"{len(missing)} of {len(left) + len(missing)} tasks are missing: {named}"
    if not skip:
        raise UserError(
            f"{what}; add them, take them off config key 'tasks', or set"
            " 'data.missing_tasks' to 'skip'"
        )
    if not left:
        raise UserError(f"{what}; none is left: correct config key 'data.vtab_root'")
    if map_task in missing:
        raise UserError(
            f"{what}; config key 'figures.map_task' is one of them: name another"
        )
    return left

"""Which tasks have their images, and whether to go on without the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from peftdiff.runtime import UserError
from peftdiff.tasks.kinds import VtabTask
from peftdiff.tasks.table import TASKS
from peftdiff.tasks.vtab import task_folder


def missing_tasks(
    tasks: Iterable[str], root: str | Path | None, own: Mapping[str, str]
) -> dict[str, str]:
    """Return the tasks without images, and for each what was not found.

    Parameters
    ----------
    tasks
        Slugs. A drawn task is never missing.
    root
        The folder with VTAB-1k's tasks; None if it is yet to be downloaded.
    own
        The user's image folders (or CSV files) by slug.
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
    """Return the tasks that are not missing.

    Parameters
    ----------
    tasks
        Slugs.
    missing
        What `missing_tasks` returned for them.
    skip
        Whether to go on without the missing ones.
    map_task
        The task whose diffusion map is drawn, which must not be missing.

    Raises
    ------
    UserError
        Where a task is missing that must not be, or all are.
    """
    present = [task for task in tasks if task not in missing]
    if not missing:
        return present
    reasons = "; ".join(f"{task} ({reason})" for task, reason in missing.items())
    total = len(present) + len(missing)
    finding = f"{len(missing)} of {total} tasks are missing: {reasons}"
    if not skip:
        raise UserError(
            f"{finding}; add them, take them off config key 'tasks', or set"
            " 'data.missing_tasks' to 'skip'"
        )
    if not present:
        raise UserError(f"{finding}; none is left: correct config key 'data.vtab_root'")
    if map_task in missing:
        raise UserError(
            f"{finding}; config key 'figures.map_task' is one of them: name another"
        )
    return present

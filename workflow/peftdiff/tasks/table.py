"""The TASKS table: a drawn task is one module in `synthetic` and one line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path

from peftdiff.runtime import UserError
from peftdiff.tasks.kinds import GROUPS, OWN, DrawnTask, Task, VtabTask
from peftdiff.tasks.synthetic.generation import TaskImages, generate
from peftdiff.tasks.vtab import VTAB_TASKS, task_folder


def table(tasks: Iterable[Task]) -> dict[str, Task]:
    """Index tasks by slug; a slug that occurs twice raises ValueError."""
    by_slug: dict[str, Task] = {}
    for task in tasks:
        if task.slug in by_slug:
            raise ValueError(f"the task {task.slug!r} stands twice in the table")
        if task.group not in GROUPS:
            raise ValueError(
                f"the task {task.slug!r} has an unknown group {task.group!r}"
            )
        by_slug[task.slug] = task
    return by_slug


TASKS = table(
    [
        DrawnTask("digits", "Digits", "natural"),
        DrawnTask("texture", "Texture", "natural"),
        DrawnTask("land", "Land", "specialized"),
        DrawnTask("cells", "Cells", "specialized"),
        DrawnTask("dsloc", "Sprite-Loc", "structured"),
        DrawnTask("dsori", "Sprite-Ori", "structured"),
        DrawnTask("count", "Count", "structured"),
        DrawnTask("dist", "Distance", "structured"),
        *VTAB_TASKS,
    ]
)


def generate_task(slug: str, train_size: int, test_size: int) -> TaskImages:
    """Draw a task's training and test images.

    The two splits have fixed seeds of their own: neither depends on the other's size,
    and fewer images are the first ones of more.

    Raises
    ------
    ValueError
        If the slug is unknown or a size below 1.
    """
    task = TASKS.get(slug)
    if not isinstance(task, DrawnTask):
        drawn = [name for name, task in TASKS.items() if isinstance(task, DrawnTask)]
        raise ValueError(f"unknown task {slug!r}: choose from {', '.join(drawn)}")
    module = import_module(f"peftdiff.tasks.synthetic.{slug}")
    train = generate(module.draw, slug, "train", train_size)
    test = generate(module.draw, slug, "test", test_size)
    return TaskImages(*train, *test, tuple(module.CLASSES))


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

"""The TASKS table: a drawn task is a line here and a module of `synthetic`."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from peftdiff.tasks.kinds import GROUPS, OWN, DrawnTask, Task
from peftdiff.tasks.synthetic.generation import TaskImages, generate
from peftdiff.tasks.vtab import VTAB_TASKS


def task_table(tasks: Iterable[Task]) -> dict[str, Task]:
    """Return tasks by slug, in order.

    A slug that occurs twice, or an unknown group, raises ValueError.
    """
    by_slug: dict[str, Task] = {}
    for task in tasks:
        if task.slug in by_slug:
            raise ValueError(f"the task {task.slug!r} is in the table twice")
        if task.group not in GROUPS:
            raise ValueError(
                f"the task {task.slug!r} has an unknown group {task.group!r}"
            )
        by_slug[task.slug] = task
    return by_slug


TASKS = task_table(
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

    Each split has a fixed seed, so that neither depends on the other's size, and a
    smaller split is the beginning of a larger one.

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
    train_images, train_labels = generate(module.draw, slug, "train", train_size)
    test_images, test_labels = generate(module.draw, slug, "test", test_size)
    return TaskImages(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=tuple(module.CLASSES),
    )


def group_of(slug: str) -> str:
    """Return a task's group, which is "own" for a user's image folder."""
    return TASKS[slug].group if slug in TASKS else OWN

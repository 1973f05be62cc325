"""The TASKS table: a drawn task is one module beside this one and one line here."""

from collections.abc import Iterable
from importlib import import_module

from peftdiff.tasks.generation import TaskImages, generate
from peftdiff.tasks.kinds import GROUPS, DrawnTask, Task
from peftdiff.tasks.vtab import VTAB_TASKS


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
        DrawnTask("digits", "Digits", "natural", "peftdiff.tasks.digits"),
        DrawnTask("texture", "Texture", "natural", "peftdiff.tasks.texture"),
        DrawnTask("land", "Land", "specialized", "peftdiff.tasks.land"),
        DrawnTask("cells", "Cells", "specialized", "peftdiff.tasks.cells"),
        DrawnTask("dsloc", "Sprite-Loc", "structured", "peftdiff.tasks.dsloc"),
        DrawnTask("dsori", "Sprite-Ori", "structured", "peftdiff.tasks.dsori"),
        DrawnTask("count", "Count", "structured", "peftdiff.tasks.count"),
        DrawnTask("dist", "Distance", "structured", "peftdiff.tasks.dist"),
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
    module = import_module(task.module)
    train = generate(module.draw, slug, "train", train_size)
    test = generate(module.draw, slug, "test", test_size)
    return TaskImages(*train, *test, tuple(module.CLASSES))

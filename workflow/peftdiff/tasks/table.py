"""The TASKS table: adding a task is one module beside this one and one line here."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

from peftdiff.tasks.generation import TaskImages, generate

# ASSUME: small drawn tasks of each kind stand in for the groups of VTAB-1k (Zhai et al.
# 2019): everyday objects, special instruments, the structure of a scene.
GROUPS = ("natural", "specialized", "structured")


@dataclass(frozen=True)
class Task:
    """A target task.

    Attributes
    ----------
    slug
        Its name in configurations, tables and file names.
    label
        Its name in figures.
    group
        One of `GROUPS`.
    module
        Where it is drawn: a module with `CLASSES`, the class names, and
        `draw(rng, count, split)`, see `peftdiff.tasks.generation.generate`.
    """

    slug: str
    label: str
    group: str
    module: str


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
        Task("digits", "Digits", "natural", "peftdiff.tasks.digits"),
        Task("texture", "Texture", "natural", "peftdiff.tasks.texture"),
        Task("land", "Land", "specialized", "peftdiff.tasks.land"),
        Task("cells", "Cells", "specialized", "peftdiff.tasks.cells"),
        Task("dsloc", "Sprite-Loc", "structured", "peftdiff.tasks.dsloc"),
        Task("dsori", "Sprite-Ori", "structured", "peftdiff.tasks.dsori"),
        Task("count", "Count", "structured", "peftdiff.tasks.count"),
        Task("dist", "Distance", "structured", "peftdiff.tasks.dist"),
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
    if slug not in TASKS:
        raise ValueError(f"unknown task {slug!r}: choose from {', '.join(TASKS)}")
    module = import_module(TASKS[slug].module)
    train = generate(module.draw, slug, "train", train_size)
    test = generate(module.draw, slug, "test", test_size)
    return TaskImages(*train, *test, tuple(module.CLASSES))

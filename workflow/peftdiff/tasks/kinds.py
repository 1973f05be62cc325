"""The kinds of tasks: drawn by a module, or a folder of VTAB-1k."""

from __future__ import annotations

from dataclasses import dataclass

# ASSUME: small drawn tasks of each kind stand in for the groups of VTAB-1k (Zhai et al.
# 2019): everyday objects, special instruments, the structure of a scene.
GROUPS = ("natural", "specialized", "structured")
OWN = "own"  # the group of a user's image folders


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
    """

    slug: str
    label: str
    group: str


@dataclass(frozen=True)
class DrawnTask(Task):
    """A task of the embedded experiment.

    The module of its name in `peftdiff.tasks.synthetic` draws it: it has `CLASSES`, the
    class names, and `draw(rng, count, split)`, see
    `peftdiff.tasks.synthetic.generation.generate`.
    """


@dataclass(frozen=True)
class VtabTask(Task):
    """A task of VTAB-1k: how many classes and test images it has.

    Its folder is named after the slug or one of the `aliases`.
    """

    classes: int
    test_images: int
    aliases: tuple[str, ...] = ()

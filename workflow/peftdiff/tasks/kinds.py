"""The kinds of tasks: drawn by a module of ours, or a folder of VTAB-1k."""

from __future__ import annotations

from dataclasses import dataclass

# ASSUME: small drawn tasks represent the groups of VTAB-1k (Zhai et al. 2019): everyday
# objects, images of special instruments, the structure of a scene.
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
    """A task of the embedded experiment, drawn by the module of its slug.

    The module in `peftdiff.tasks.synthetic` has `CLASSES`, the class names, and a
    function `draw(rng, count, split)` as
    `peftdiff.tasks.synthetic.generation.generate` takes it.
    """


@dataclass(frozen=True)
class VtabTask(Task):
    """A task of VTAB-1k, with its numbers of classes and of test images.

    Its folder is named after the slug or one of the `aliases`.
    """

    classes: int
    test_images: int
    aliases: tuple[str, ...] = ()

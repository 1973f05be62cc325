"""Source images from a folder: a few of each class, whatever order the files lie in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from peftdiff.runtime import UserError
from peftdiff.tasks.files import ImageFiles
from peftdiff.tasks.image_folder import chosen, read_own_task

SPLITS = frozenset(("train", "val", "test"))


def read_source_folder(path: str | Path) -> tuple[ImageFiles, tuple[str, ...]]:
    """Return the images of a source and the names of its classes.

    Parameters
    ----------
    path
        As `read_own_task` takes it; of a folder that is divided into splits, as
        ImageNet's is, those of `train`.

    Raises
    ------
    UserError
        Where there is nothing to read, or fewer than two classes.
    """
    path = Path(path)
    folders = {p.name for p in path.iterdir() if p.is_dir()} if path.is_dir() else set()
    divided = "train" in folders and folders <= SPLITS
    return read_own_task(path / "train" if divided else path, "source.folder")


def draw_shots(
    files: ImageFiles, class_names: tuple[str, ...], shots: int, seed: int
) -> ImageFiles:
    """Draw `shots` images of every class.

    Names are sorted before the drawing and after it, so that neither a file system nor
    the rows of a table has a say.

    Raises
    ------
    UserError
        Naming a class that has fewer images.
    """
    labels, rows = np.array(files.labels), []
    random = np.random.default_rng(seed)
    by_name = np.array(sorted(range(len(labels)), key=files.names.__getitem__))
    for number, name in enumerate(class_names):
        own = by_name[labels[by_name] == number]
        if len(own) < shots:
            raise UserError(
                f"class {name} of {files.folder} has {len(own)} images, fewer than"
                f" config key 'source.shots' wants ({shots}); lower it, or complete"
                " the class"
            )
        rows += list(own[np.sort(random.choice(len(own), shots, replace=False))])
    return chosen(files, rows)


def draw_images(files: ImageFiles, count: int, seed: int) -> ImageFiles:
    """Draw `count` images of all classes together.

    Raises
    ------
    UserError
        Where there are fewer.
    """
    total = len(files.labels)
    if total < count:
        raise UserError(
            f"{files.folder} has {total} images, fewer than config key 'source.images'"
            f" wants ({count}); lower it, or set 'source.shots'"
        )
    by_name = sorted(range(total), key=files.names.__getitem__)
    drawn = np.random.default_rng(seed).choice(total, count, replace=False)
    return chosen(files, [by_name[row] for row in sorted(drawn)])

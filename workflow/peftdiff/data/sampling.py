"""Random samples of image files: the images of a source."""

from __future__ import annotations

import numpy as np

from peftdiff.data.files import ImageFiles
from peftdiff.runtime import UserError


def draw_shots(
    files: ImageFiles, class_names: tuple[str, ...], shots: int, seed: int
) -> ImageFiles:
    """Draw `shots` images of every class.

    The images are sorted by name before the draw, so that it depends neither on a file
    system nor on the rows of a table, and so are those drawn of a class.

    Raises
    ------
    UserError
        Naming a class that has fewer images.
    """
    labels, rows = np.array(files.labels), []
    random = np.random.default_rng(seed)
    by_name = np.array(_rows_by_name(files))
    for code, name in enumerate(class_names):
        candidates = by_name[labels[by_name] == code]
        if len(candidates) < shots:
            raise UserError(
                f"class {name} of {files.folder} has {len(candidates)} images, fewer"
                f" than config key 'source.shots' wants ({shots}); lower it, or"
                " complete the class"
            )
        drawn = random.choice(len(candidates), shots, replace=False)
        rows += list(candidates[np.sort(drawn)])
    return files.pick(rows)


def draw_images(files: ImageFiles, count: int, seed: int) -> ImageFiles:
    """Draw `count` images of all classes together, sorted by name.

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
    by_name = _rows_by_name(files)
    drawn = np.random.default_rng(seed).choice(total, count, replace=False)
    return files.pick(by_name[row] for row in sorted(drawn))


def _rows_by_name(files: ImageFiles) -> list[int]:
    return sorted(range(len(files.names)), key=files.names.__getitem__)

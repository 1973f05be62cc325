"""Random samples of image files: the splits of a task, the images of a source."""

from __future__ import annotations

import numpy as np

from peftdiff.data.files import ImageFiles
from peftdiff.runtime import UserError


def split_task(
    files: ImageFiles, train_images: int, test_images: int, seed: int
) -> dict[str, ImageFiles]:
    """Draw training images, and at most `test_images` others to test on.

    The training images are in random order too, so that their last fifth, which is held
    out where recipes are compared, is a random sample of them.

    Raises
    ------
    UserError
        Where no image is left to test on.
    """
    count = len(files.labels)
    if count <= train_images:
        raise UserError(
            f"{files.folder} has {count} images, and config key 'data.train_images'"
            f" wants {train_images} of them, which leaves none to test on; lower it"
        )
    order = np.random.default_rng(seed).permutation(count)
    return {
        "train": files.pick(order[:train_images]),
        "test": files.pick(order[train_images : train_images + test_images]),
    }


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

"""Images of one's own: a folder of class folders, or a CSV of paths and labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from peftdiff.data.files import ImageFiles
from peftdiff.records import read_table
from peftdiff.runtime import UserError, logger

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
)
COLUMNS = ("path", "label")


def read_own_task(
    path: str | Path, key: str = "data.image_folders"
) -> tuple[ImageFiles, tuple[str, ...]]:
    """Return the images of a folder, or of a CSV file, and the names of the classes.

    Parameters
    ----------
    path
        A folder with one folder of images a class, however deep they lie; or a CSV
        file with the columns path (seen from the file's folder) and label.
    key
        The config key that a mistake is put down to.

    Raises
    ------
    UserError
        Where there is nothing to read, or fewer than two classes.
    """
    path = Path(path)
    if path.is_dir():
        rows = _rows_of_folder(path)
    elif path.is_file():
        rows = _rows_of_table(path)
    else:
        raise UserError(
            f"{path} is neither a folder nor a file; correct it in config key '{key}'"
        )
    classes = _in_order({label for _, label in rows})
    if len(classes) < 2:
        raise UserError(
            f"{path} has images of {len(classes)} classes; at least two are needed:"
            " one folder a class, or a CSV with the columns path and label"
        )
    numbers = {name: number for number, name in enumerate(classes)}
    names, labels = zip(*((name, numbers[label]) for name, label in rows), strict=True)
    root = path if path.is_dir() else path.parent
    return ImageFiles(root, names, labels), classes


def split_task(
    files: ImageFiles, train_images: int, test_images: int, seed: int
) -> dict[str, ImageFiles]:
    """Draw training images, and at most `test_images` others to test on.

    The order is that of `seed`; the last fifth of 1,000 training images, which is held
    out where recipes are compared, so is a random choice of 200.

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
    test = order[train_images : train_images + test_images]
    return {
        "train": chosen(files, order[:train_images]),
        "test": chosen(files, test),
    }


def listing_checksum(files: ImageFiles) -> str:
    """Return the SHA-256 of the names and labels, in their order."""
    rows = zip(files.names, files.labels, strict=True)
    text = "".join(f"{name} {label}\n" for name, label in rows)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def chosen(files: ImageFiles, rows: Iterable[int]) -> ImageFiles:
    """Return some of the images, in the order of `rows`."""
    pairs = [(files.names[row], files.labels[row]) for row in rows]
    names, labels = zip(*pairs, strict=True)
    return ImageFiles(files.folder, names, labels)


def _rows_of_folder(folder: Path) -> list[tuple[str, str]]:
    rows, others = [], 0
    for path in sorted(folder.glob("*/**/*")):
        if path.is_dir():
            continue
        if path.suffix.lower() in SUFFIXES:
            name = path.relative_to(folder)
            rows.append((str(name), name.parts[0]))
        else:
            others += 1
    if others:
        logger.info("%s: %d files that are no images were left out", folder, others)
    return rows


def _rows_of_table(path: Path) -> list[tuple[str, str]]:
    table = read_table(path, COLUMNS, text=True)
    table = table[list(COLUMNS)].fillna("")
    empty = (table == "").any(axis=1).to_numpy()
    if empty.any():
        raise UserError(
            f"line {empty.argmax() + 2} of {path} lacks a path or a label; complete it"
        )
    return list(zip(table["path"], table["label"], strict=True))


def _in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Return class names sorted, as numbers where all are numbers."""
    labels = list(labels)
    numbers = all(label.isdecimal() for label in labels)
    return tuple(sorted(labels, key=int if numbers else None))


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

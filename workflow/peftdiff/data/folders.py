"""The images of a folder of class folders, or of a CSV file of paths and labels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from peftdiff.data.files import ImageFiles
from peftdiff.records import read_table
from peftdiff.runtime import UserError, logger

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
)
COLUMNS = ("path", "label")
SPLITS = frozenset(("train", "val", "test"))


def read_own_task(
    path: str | Path, key: str = "data.image_folders"
) -> tuple[ImageFiles, tuple[str, ...]]:
    """Return the images of a folder, or of a CSV file, and the names of the classes.

    Parameters
    ----------
    path
        A folder with one folder of images for each class, however deep they lie; or a
        CSV file with the columns path (relative to the file's folder) and label.
    key
        The config key that gives the path, for error messages.

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
    classes = _sorted_classes({label for _, label in rows})
    if len(classes) < 2:
        raise UserError(
            f"{path} has images of {len(classes)} classes; at least two are needed:"
            " one folder for each class, or a CSV with the columns path and label"
        )
    codes = {label: code for code, label in enumerate(classes)}
    names, labels = zip(*((name, codes[label]) for name, label in rows), strict=True)
    root = path if path.is_dir() else path.parent
    return ImageFiles(root, names, labels), classes


def read_source_folder(path: str | Path) -> tuple[ImageFiles, tuple[str, ...]]:
    """Return the images of a source data set and the names of its classes.

    Parameters
    ----------
    path
        As for `read_own_task`. Of a folder that is divided into splits, as ImageNet's
        is, the images of `train` are returned.

    Raises
    ------
    UserError
        Where there is nothing to read, or fewer than two classes.
    """
    path = Path(path)
    folders = {p.name for p in path.iterdir() if p.is_dir()} if path.is_dir() else set()
    has_splits = "train" in folders and folders <= SPLITS
    return read_own_task(path / "train" if has_splits else path, "source.folder")


def _rows_of_folder(folder: Path) -> list[tuple[str, str]]:
    """Return the name and the class of every image below a folder."""
    rows, skipped = [], 0
    for path in sorted(folder.glob("*/**/*")):
        if path.is_dir():
            continue
        if path.suffix.lower() in SUFFIXES:
            name = path.relative_to(folder)
            rows.append((str(name), name.parts[0]))
        else:
            skipped += 1
    if skipped:
        logger.info("%s: %d files that are not images were left out", folder, skipped)
    return rows


def _rows_of_table(path: Path) -> list[tuple[str, str]]:
    """Return the name and the class of every image that a CSV file lists."""
    table = read_table(path, COLUMNS, text=True)
    table = table[list(COLUMNS)].fillna("")
    incomplete = (table == "").any(axis=1).to_numpy()
    if incomplete.any():
        line = incomplete.argmax() + 2  # lines count from 1, and the first is the head
        raise UserError(f"line {line} of {path} lacks a path or a label; complete it")
    return list(zip(table["path"], table["label"], strict=True))


def _sorted_classes(labels: Iterable[str]) -> tuple[str, ...]:
    """Return class names sorted, as numbers where all are numbers."""
    labels = list(labels)
    are_numbers = all(label.isdecimal() for label in labels)
    return tuple(sorted(labels, key=int if are_numbers else None))

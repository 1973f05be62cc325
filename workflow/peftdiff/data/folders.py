"""The images of a folder of class folders, or of a table of paths and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from peftdiff.data.decoding import UNDECODABLE, identify
from peftdiff.data.files import ImageFiles
from peftdiff.data.label_tables import locate, read_label_table
from peftdiff.data.left_out import (
    BESIDE,
    CIRCLE,
    EMPTY,
    UNREADABLE,
    UNUSED_SPLIT,
    LeftOut,
    first_names,
    printable,
    require_few_lost,
)
from peftdiff.data.splits import SPLITS, TRAIN, WHOLE, divide, split_of
from peftdiff.data.walking import Entry, walk
from peftdiff.runtime import UserError

# Files of these names are taken for images; any other is looked into.
SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
)
TASK_KEY, SOURCE_KEY = "data.image_folders", "source.folder"
OF_FOLDERS = frozenset((EMPTY, UNREADABLE, CIRCLE))  # reasons to leave a whole one out


@dataclass(frozen=True)
class Listed:
    """An image that was found: its name below the folder, its class and its split."""

    name: str
    label: str
    split: str


@dataclass(frozen=True)
class OwnImages:
    """A user's images as they were found.

    Attributes
    ----------
    splits
        The image files of each of the user's own splits (`splits.SPLITS`), or of
        `splits.WHOLE` where there are none.
    classes
        The names of the classes.
    left_out
        What lies among the images and is left out.
    """

    splits: dict[str, ImageFiles]
    classes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def read_own_task(
    path: str | Path, key: str = TASK_KEY, *, skip_lost: bool = False
) -> OwnImages:
    """Return the images of a folder, or of a table, with the names of the classes.

    Parameters
    ----------
    path
        A folder with one folder of images for each class, however deep they lie, or
        with such folders for training and testing; or a CSV file
        (`label_tables.read_label_table`).
    key
        The config key that gives the path, for error messages.
    skip_lost
        Whether images that cannot be read are left out without a complaint.

    Raises
    ------
    UserError
        Where there is nothing to read, or fewer than two classes; where a class loses
        its images; where it cannot be told which folders are classes.
    """
    path = Path(path)
    if path.is_dir():
        folder = path
        listed, left_out = _images_of_folder(path, key)
    elif path.is_file():
        folder = path.parent
        listed, left_out = _images_of_table(path), []
    else:
        raise UserError(
            f"{path} is neither a folder nor a file; correct it in config key '{key}'"
        )
    kept = Counter(image.label for image in listed)
    require_few_lost(left_out, kept, str(path), skip_lost)
    classes = sorted_classes(kept)
    if len(classes) < 2:
        raise UserError(_too_few_classes(path, listed))
    codes = {label: code for code, label in enumerate(classes)}
    splits = {
        split: ImageFiles(
            folder,
            tuple(image.name for image in listed if image.split == split),
            tuple(codes[image.label] for image in listed if image.split == split),
        )
        for split in dict.fromkeys(image.split for image in listed)
    }
    return OwnImages(splits, classes, tuple(left_out))


def read_source_folder(path: str | Path, *, skip_lost: bool = False) -> OwnImages:
    """Return the images of a source data set and the names of its classes.

    As `read_own_task`, but all images are in `splits.WHOLE`: of a folder that is
    divided into splits, as ImageNet's is, those of `train`, whatever else lies beside.

    Raises
    ------
    UserError
        As `read_own_task`.
    """
    found = read_own_task(path, SOURCE_KEY, skip_lost=skip_lost)
    if WHOLE in found.splits:
        return found
    unused = [
        LeftOut(name, UNUSED_SPLIT, found.classes[label])
        for split, files in found.splits.items()
        for name, label in zip(files.names, files.labels, strict=True)
        if split != TRAIN
    ]
    train = found.splits[TRAIN]
    return replace(found, splits={WHOLE: train}, left_out=(*found.left_out, *unused))


def _images_of_folder(folder: Path, key: str) -> tuple[list[Listed], list[LeftOut]]:
    entries = [_recognized(folder, entry) for entry in walk(folder)]
    images = (entry.parts for entry in entries if entry.reason is None)
    divided = divide(images, folder, beside_train=key == SOURCE_KEY)
    listed, left_out = [], []
    for entry in entries:
        split = divided.get(entry.parts[0]) if divided else WHOLE
        label = _label(entry, depth=1 if divided else 0) if split else None
        if entry.reason is None and split and label is not None:
            listed.append(Listed(entry.name, label, split))
        else:
            left_out.append(LeftOut(entry.name, entry.reason or BESIDE, label))
    return listed, left_out


def _recognized(folder: Path, entry: Entry) -> Entry:
    """Return an entry with the reason why it is no image, if it is none."""
    suffix = Path(entry.parts[-1]).suffix.lower()
    if entry.reason is not None or suffix in SUFFIXES:
        return entry
    reason = identify(folder / entry.name)
    # What looks like an image and is damaged is one: the decoder says more of it.
    return entry if reason == UNDECODABLE else replace(entry, reason=reason)


def _label(entry: Entry, *, depth: int) -> str | None:
    """Return the class of an entry, which the part of its path at a depth names."""
    is_folder = entry.reason in OF_FOLDERS
    if len(entry.parts) > depth + 1 or (is_folder and len(entry.parts) > depth):
        return entry.parts[depth]
    return None


def _images_of_table(path: Path) -> list[Listed]:
    listed, missing = [], []
    for row in read_label_table(path):
        split = WHOLE if row.split is None else split_of(row.split)
        if split is None:
            found = printable(row.split or "")
            raise UserError(
                f"line {row.line} of {path} has the split '{found}'; write one of"
                f" {', '.join(SPLITS)}"
            )
        name = locate(path.parent, row.path)
        if name is None:
            missing.append(row.path)
        else:
            listed.append(Listed(name, row.label, split))
    if missing:
        count = "a file" if len(missing) == 1 else f"{len(missing)} files"
        raise UserError(
            f"{path} lists {count} not there: {first_names(missing)}; correct the"
            f" paths, which are seen from {path.parent}, or remove the rows"
        )
    return listed


def _too_few_classes(path: Path, listed: Sequence[Listed]) -> str:
    inner = {Path(image.name).parts[1] for image in listed if _is_nested(image)}
    if path.is_dir() and len(inner) > 1:
        wrapper = path / Path(listed[0].name).parts[0]
        return (
            f"{path} has one folder of images alone, {wrapper.name}, with folders in it"
            f" that look like classes; give {wrapper} if they are"
        )
    found = len({image.label for image in listed})
    return (
        f"{path} has images of {found} {'class' if found == 1 else 'classes'}; at least"
        " two are needed: one folder for each class, or a CSV file with the columns"
        " path and label"
    )


def _is_nested(image: Listed) -> bool:
    return image.split == WHOLE and len(Path(image.name).parts) > 2


def sorted_classes(labels: Iterable[str]) -> tuple[str, ...]:
    """Return class names in their order: as numbers where all are numbers.

    Names of the same number, such as 1 and 01, are in the order of their characters.
    """
    labels = list(labels)
    if all(label.isdecimal() for label in labels):
        return tuple(sorted(labels, key=lambda label: (int(label), label)))
    return tuple(sorted(labels))

"""Which folders are splits (train, val, test) and which are classes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from peftdiff.data.left_out import printable
from peftdiff.runtime import UserError

TRAIN, VAL, TEST = SPLITS = ("train", "val", "test")
WHOLE = "whole"  # the one split of images that are not divided

NAMES = {
    **dict.fromkeys(("train", "training", "trn"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev"), VAL),
    **dict.fromkeys(("test", "testing", "tst"), TEST),
}


def split_of(name: str) -> str | None:
    """Return the split that a usual name stands for, whatever its capitals."""
    return NAMES.get(name.strip().lower())


def divide(
    images: Iterable[tuple[str, ...]], folder: Path, *, beside_train: bool
) -> dict[str, str]:
    """Return the folders that are splits, and which ones.

    Parameters
    ----------
    images
        The path of each image below the folder, in parts.
    folder
        Where they are, for error messages.
    beside_train
        Whether the training images are taken where other folders of images lie beside
        them.

    Returns
    -------
    dict
        The split by the name of its folder. Empty where the folders are classes, as
        they are where one that is called train holds images and no folders of them.

    Raises
    ------
    UserError
        Where it cannot be told, or there is no split to train on.
    """
    depths: dict[str, set[bool]] = {}
    for parts in images:
        if len(parts) > 1:
            depths.setdefault(parts[0], set()).add(len(parts) > 2)
    named = {name: split for name in depths if (split := split_of(name))}
    others = sorted(depths.keys() - named.keys())
    with_classes = {
        name: split for name, split in named.items() if True in depths[name]
    }
    if not with_classes:
        if len(named) > 1 and not others:
            raise UserError(
                f"{folder} has the splits {_listed(named)}, but no folders of classes"
                " in them; put the images of each class into a folder of its own there,"
                " or give a CSV file with the columns path, label and split"
            )
        return {}
    if others and not (beside_train and TRAIN in with_classes.values()):
        raise UserError(
            f"{folder} has {_listed(with_classes)}, which look like splits, beside"
            f" {_listed(others)}, which look like classes; move one kind elsewhere, or"
            " give a CSV file with the columns path and label"
        )
    if TRAIN not in with_classes.values():
        raise UserError(
            f"{folder} has {_listed(with_classes)}, but no folder train to train on;"
            " add it, or give the folder that holds the folders of classes"
        )
    for split in SPLITS:
        same = [name for name in with_classes if with_classes[name] == split]
        if len(same) > 1:
            raise UserError(
                f"{folder} has {_listed(same)}, which all look like the split {split};"
                " leave one of them there"
            )
    return with_classes


def _listed(names: Iterable[str]) -> str:
    names = [*map(printable, names)]
    more = [f"{len(names) - 5} more"] if len(names) > 5 else []
    return " and ".join([*names[:5], *more])

"""A user's images become the splits of a task, with what there is to say about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peftdiff.data.duplicates import content_groups, notes_on_copies
from peftdiff.data.files import ImageFiles
from peftdiff.data.folders import OwnImages
from peftdiff.data.left_out import UNUSED_SPLIT, LeftOut, first_names
from peftdiff.data.splits import TEST, TRAIN, VAL, WHOLE
from peftdiff.data.stratified import Sizes, draw_split, split_task
from peftdiff.runtime import UserError

FEW = 30  # test images, of which one is worth more than three points of accuracy


@dataclass(frozen=True)
class OwnTask:
    """The images of a user's task.

    Attributes
    ----------
    splits
        The image files of "train" and "test".
    unused
        The images of a split that is not used.
    notes
        Sentences on what a user should know.
    """

    splits: dict[str, ImageFiles]
    unused: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def split_own_task(found: OwnImages, sizes: Sizes, seed: int) -> OwnTask:
    """Divide a user's images into training and test images.

    The user's own splits are respected: images of `train` train, and those of `test`
    (or else of `val`) test.

    Raises
    ------
    UserError
        Where a class cannot have an image on either side.
    """
    if WHOLE in found.splits or found.splits.keys() == {TRAIN}:
        (files,) = found.splits.values()
        groups = content_groups(files)
        splits = split_task(files, found.classes, groups, sizes, seed)
        notes = notes_on_copies(files, groups, found.classes)
        notes += _on_sizes(files, splits, sizes)
        return OwnTask(splits, (), (*notes, *_on_few(splits["test"])))
    train = found.splits[TRAIN]
    testing = TEST if TEST in found.splits else VAL
    test = found.splits[testing]
    _require_trained(train, test, testing, found.classes)
    both = _joined(train, test)
    groups = content_groups(both)
    splits = {
        "train": draw_split(train, sizes.train, seed),
        "test": draw_split(test, sizes.test, seed),
    }
    notes = notes_on_copies(both, groups, found.classes, together=False)
    notes += _on_untested(train, test, found.classes)
    notes += _on_leaks(both, groups, len(train.names))
    unused = [
        LeftOut(name, UNUSED_SPLIT, found.classes[label])
        for split, files in found.splits.items()
        if split not in (TRAIN, testing)
        for name, label in zip(files.names, files.labels, strict=True)
    ]
    return OwnTask(splits, tuple(unused), (*notes, *_on_few(splits["test"])))


def counts_by_class(
    splits: Mapping[str, ImageFiles], classes: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Return the number of images of each class in each split."""
    counts = {split: Counter(files.labels) for split, files in splits.items()}
    return {
        split: {name: of_class[code] for code, name in enumerate(classes)}
        for split, of_class in counts.items()
    }


def _require_trained(
    train: ImageFiles, test: ImageFiles, testing: str, classes: Sequence[str]
) -> None:
    unknown = sorted(set(test.labels) - set(train.labels))
    if unknown:
        names = [classes[label] for label in unknown]
        raise UserError(
            f"{train.folder} has images of {first_names(names)} in {testing}, but none"
            f" in {TRAIN}; add some there, or remove those"
        )


def _joined(one: ImageFiles, other: ImageFiles) -> ImageFiles:
    names, labels = (*one.names, *other.names), (*one.labels, *other.labels)
    return ImageFiles(one.folder, names, labels)


def _on_sizes(
    files: ImageFiles, splits: Mapping[str, ImageFiles], sizes: Sizes
) -> Iterator[str]:
    train, test = (len(splits[name].labels) for name in ("train", "test"))
    if train < sizes.train:
        yield (
            f"{train} of the {len(files.labels)} images train, fewer than config key"
            f" 'data.train_images' allows ({sizes.train}), and {test} test"
        )


def _on_untested(
    train: ImageFiles, test: ImageFiles, classes: Sequence[str]
) -> Iterator[str]:
    if untested := sorted(set(train.labels) - set(test.labels)):
        names = first_names([classes[label] for label in untested])
        yield f"no test image is of {names}: accuracies say nothing about that"


def _on_leaks(files: ImageFiles, groups: NDArray[np.intp], train: int) -> Iterator[str]:
    known = set(groups[:train].tolist())
    leaked = [
        name
        for name, group in zip(files.names[train:], groups[train:], strict=True)
        if group in known
    ]
    if leaked:
        yield (
            f"{len(leaked)} test images are copies of training images, byte for byte,"
            f" so that accuracies are too high: {first_names(leaked)}; remove them"
        )


def _on_few(test: ImageFiles) -> Iterator[str]:
    count = len(test.labels)
    if count < FEW:
        yield (
            f"there are only {count} test images, so that one more or less right"
            f" changes an accuracy by {100 / count:.1f} points: add images"
        )

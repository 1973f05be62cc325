"""A task's training and test images, of which every class has its share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from peftdiff.data.files import ImageFiles
from peftdiff.data.left_out import first_names
from peftdiff.runtime import UserError

Ints = NDArray[np.intp]
Unit = list[int]  # images that belong on the same side


@dataclass(frozen=True)
class Sizes:
    """How many images train and test, as the configuration has it.

    Parameters
    ----------
    train, test
        The largest numbers of images.
    test_share
        The share of all images that is set aside for testing before any other trains,
        unless that is more than `test`.
    """

    train: int
    test: int
    test_share: float

    def of(self, count: int, classes: int) -> tuple[int, int]:
        """Return the numbers of training and test images of so many in all."""
        aside = min(self.test, math.ceil(self.test_share * count))
        test = max(min(self.test, max(aside, count - self.train)), classes)
        return max(min(self.train, count - test), classes), test


def split_task(
    files: ImageFiles, classes: Sequence[str], groups: Ints, sizes: Sizes, seed: int
) -> dict[str, ImageFiles]:
    """Draw training images, and others to test on.

    Parameters
    ----------
    classes
        The names of the classes.
    groups
        (n,), the same number for images that belong on the same side
        (`duplicates.content_groups`).

    Returns
    -------
    dict
        The images of "train" and "test". Every class has some of both, and every part
        of the training images, such as the last fifth, about its share of every class.
        The order in which the files were listed does not matter.

    Raises
    ------
    UserError
        Where a class cannot have an image on either side.
    """
    _require_room(sizes, classes, files)
    order = np.argsort(np.array(files.names, object), kind="stable")
    labels, groups = np.array(files.labels, np.intp)[order], groups[order]
    units = _units_by_class(labels, groups, len(classes))
    _require_two(units, classes, files)
    random = np.random.default_rng(seed)
    train, test = sizes.of(len(labels), len(classes))
    of_class = np.bincount(labels, minlength=len(classes))
    for_test = allocate(test, of_class, of_class - 1)
    for_training = allocate(train, of_class, of_class - for_test)
    training: Unit = []
    testing: Unit = []
    for code, of_one in enumerate(units):
        shuffled = [of_one[place] for place in random.permutation(len(of_one))]
        taken, others = _take(shuffled[:-1], for_test[code])
        testing += taken
        training += _take([shuffled[-1], *others], for_training[code])[0]
    return {
        "train": files.pick(order[interleaved(training, labels, random)]),
        "test": files.pick(order[sorted(testing)]),
    }


def draw_split(files: ImageFiles, count: int, seed: int) -> ImageFiles:
    """Draw images of a split that the user has made, at most `count` of them.

    Every class has its share, and at least one image; every part of what is drawn has
    about its share of every class.
    """
    order = np.argsort(np.array(files.names, object), kind="stable")
    labels = np.array(files.labels, np.intp)[order]
    random = np.random.default_rng(seed)
    of_class = np.bincount(labels)
    wanted = allocate(max(count, len(set(files.labels))), of_class, of_class)
    drawn: Unit = []
    for code, number in enumerate(wanted):
        rows = np.flatnonzero(labels == code)
        drawn += random.permutation(rows)[:number].tolist()
    return files.pick(order[interleaved(drawn, labels, random)])


def allocate(total: int, weights: Ints, high: Ints) -> Ints:
    """Divide a number by weights into whole shares (by the largest remainders).

    Every share is at least one, except where its bound `high` is lower, and at most
    that. Where the bounds do not allow `total`, as much as they do is divided.
    """
    ideal = total * weights / max(weights.sum(), 1)
    shares = np.clip(np.floor(ideal).astype(np.intp), np.minimum(1, high), high)
    while shares.sum() < total and (shares < high).any():
        shares[np.where(shares < high, ideal - shares, -np.inf).argmax()] += 1
    while shares.sum() > total and (shares > 1).any():
        shares[np.where(shares > 1, ideal - shares, np.inf).argmin()] -= 1
    return shares


def interleaved(rows: Sequence[int], labels: Ints, random: Generator) -> Ints:
    """Return rows in a random order in which every class is spread evenly.

    A class of one image has it in the first half, where it is not held out.
    """
    places = np.empty(len(rows))
    of_rows = labels[rows]
    for code in np.unique(of_rows):
        own = np.flatnonzero(of_rows == code)
        jitter = random.random(len(own)) * (0.5 if len(own) == 1 else 1.0)
        places[own] = (random.permutation(len(own)) + jitter) / len(own)
    return np.array(rows, np.intp)[np.argsort(places, kind="stable")]


def _units_by_class(labels: Ints, groups: Ints, classes: int) -> list[list[Unit]]:
    """Return the units of each class; that of several classes is its first image's."""
    members: dict[int, Unit] = {}
    for row, group in enumerate(groups):
        members.setdefault(int(group), []).append(row)
    units: list[list[Unit]] = [[] for _ in range(classes)]
    for unit in members.values():
        units[labels[unit[0]]].append(unit)
    return units


def _take(units: Sequence[Unit], count: int) -> tuple[Unit, list[Unit]]:
    """Take units of together at most `count` images, or a single one that has more."""
    taken: Unit = []
    rest = []
    for unit in units:
        if len(taken) + len(unit) <= count or not taken:
            taken += unit
        else:
            rest.append(unit)
    return taken, rest


def _require_room(sizes: Sizes, classes: Sequence[str], files: ImageFiles) -> None:
    for key, wanted in (("train_images", sizes.train), ("test_images", sizes.test)):
        if wanted < len(classes):
            raise UserError(
                f"config key 'data.{key}' is {wanted}, fewer than the {len(classes)}"
                f" classes of {files.folder}, each of which needs an image; raise it"
            )


def _require_two(
    units: Sequence[Sequence[Unit]], classes: Sequence[str], files: ImageFiles
) -> None:
    rare = [name for name, own in zip(classes, units, strict=True) if len(own) < 2]
    if rare:
        raise UserError(
            f"{files.folder} has fewer than two images, copies not counted, of"
            f" {first_names(rare)}, and one must train and one test; add images, or"
            " remove the class"
        )

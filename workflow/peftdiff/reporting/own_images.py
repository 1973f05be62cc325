"""What was read of a user's images: how many train and test, and what is left out."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peftdiff.reporting.text import counted, listed

WIDTH = 90  # of a line of text
SPLITS = {"train": "training images", "test": "test images"}


@dataclass(frozen=True)
class LeftOutCount:
    """Files that are left out for one reason.

    Attributes
    ----------
    reason, count
        Why, and how many.
    first
        The first of their names.
    by_class
        The number of each class; "" for those beside the classes.
    """

    reason: str
    count: int
    first: Sequence[str]
    by_class: Mapping[str, int]

    @property
    def names(self) -> str:
        """Return the first names, and how many more there are."""
        more = self.count - len(self.first)
        return ", ".join([*self.first, *([f"and {more} more"] if more else [])])


@dataclass(frozen=True)
class OwnImages:
    """The images of one task, or of the source, that are a user's own.

    Attributes
    ----------
    name
        Of the task; "source" for the source.
    images
        The number of images of each class, by split.
    left_out
        What lay among the images and was left out.
    notes
        What else a user should know, in sentences.
    """

    name: str
    images: Mapping[str, Mapping[str, int]]
    left_out: Sequence[LeftOutCount]
    notes: Sequence[str]

    @property
    def summary(self) -> str:
        """Return "66 images in 4 classes: 52 training images and 14 test images"."""
        sums = {split: sum(counts.values()) for split, counts in self.images.items()}
        classes = len(next(iter(self.images.values())))
        parts = [f"{count:,} {SPLITS[split]}" for split, count in sums.items()]
        total = (
            f"{sum(sums.values()):,} images in {counted(classes, 'class', 'classes')}"
        )
        return f"{total}: {listed(parts)}"


def own_images(record: Mapping[str, Any]) -> list[OwnImages]:
    """Return what was read of users' images, as an experiment's provenance has it."""
    return [
        OwnImages(
            name,
            origin["images"],
            [LeftOutCount(**each) for each in origin["left_out"]],
            origin["notes"],
        )
        for name, origin in record.get("images", {}).items()
        if "left_out" in origin and "notes" in origin
    ]


def told(own: OwnImages) -> str:
    """Return the same in a few lines of text."""
    said = [f"{each.reason}: {each.names}" for each in own.left_out]
    lines = [f"left out as {words}" for words in said] + list(own.notes)
    wrapped = (
        textwrap.fill(
            f"{line}.",
            WIDTH,
            initial_indent="- ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines
    )
    return "\n".join([f"{own.name}: {own.summary}.", *wrapped])

"""What lies among images and is left out of them: why, of which class, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peftdiff.data.decoding import NOT_AN_IMAGE
from peftdiff.runtime import UserError

HIDDEN = "hidden, or the system's"
EMPTY = "an empty folder"
BESIDE = "lying beside the folders that are used"
UNUSED_SPLIT = "part of a split that is not used"
NO_FILE = "neither a file nor a folder"
UNREADABLE = "a folder that cannot be read"
BROKEN_LINK = "a link that leads nowhere"
CIRCLE = "a link to a folder that it lies in"
# What nobody misses. Any other reason means that an image is lost, or may be.
HARMLESS = frozenset(
    (HIDDEN, EMPTY, BESIDE, UNUSED_SPLIT, NO_FILE, CIRCLE, NOT_AN_IMAGE)
)

NAMED = 5  # of the names in a note or a sentence
TOLERATED = 0.1  # the share of a class's images that may be lost


@dataclass(frozen=True)
class LeftOut:
    """A file, or a folder, that is left out.

    Attributes
    ----------
    name
        Its path below the folder that was given.
    reason
        Why, in words that may be counted.
    label
        The name of its class; None beside the classes.
    """

    name: str
    reason: str
    label: str | None = None

    @property
    def is_lost(self) -> bool:
        """Whether it is an image, or may hold some, that the user would miss."""
        return self.reason not in HARMLESS


def printable(name: str) -> str:
    """Return the name of a file or class in one line that any terminal can show."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def first_names(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    return ", ".join([*map(printable, names[:NAMED]), *more])


def tally(left_out: Iterable[LeftOut]) -> list[dict[str, Any]]:
    """Return what was left out, counted by reason and class, as it is written down.

    Returns
    -------
    list
        A record for each reason: reason, count, by_class (a count for each class; the
        empty name stands for what lies beside the classes), first (a few names).
    """
    by_reason: dict[str, list[LeftOut]] = {}
    for each in left_out:
        by_reason.setdefault(each.reason, []).append(each)
    return [
        {
            "reason": reason,
            "count": len(entries),
            "by_class": dict(sorted(Counter(e.label or "" for e in entries).items())),
            "first": [printable(e.name) for e in entries[:NAMED]],
        }
        for reason, entries in sorted(by_reason.items())
    ]


def require_few_lost(
    left_out: Iterable[LeftOut], kept: Mapping[str, int], place: str, skip: bool
) -> None:
    """Raise `UserError` where a class loses all its images, or too many of them.

    Parameters
    ----------
    left_out
        Everything that is left out.
    kept
        The number of images that are left of each class.
    place
        The folder or table that they are from.
    skip
        Whether the user agrees to the loss of some.
    """
    lost: dict[str, list[LeftOut]] = {}
    for each in left_out:
        if each.label is not None and each.is_lost:
            lost.setdefault(each.label, []).append(each)
    for label, entries in sorted(lost.items()):
        left, all_are_lost = kept.get(label, 0), not kept.get(label, 0)
        share = len(entries) / (len(entries) + left)
        if not all_are_lost and (skip or share <= TOLERATED):
            continue
        reasons = Counter(entry.reason for entry in entries)
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        otherwise = (
            "remove the class"
            if all_are_lost
            else "set config key 'data.unreadable' to 'skip' to do without them"
        )
        count = "all" if all_are_lost else f"{len(entries)} of {len(entries) + left}"
        raise UserError(
            f"class {printable(label)} of {place} loses {count} of its images ({why}:"
            f" {first_names([entry.name for entry in entries])}); convert or repair"
            f" them, or {otherwise}"
        )

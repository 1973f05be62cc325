"""Image files of the same content, byte for byte."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from peftdiff.data.files import ImageFiles, file_checksum
from peftdiff.data.left_out import NAMED, first_names, printable

BEGINNING = 1 << 16  # bytes that are compared before a whole file is read


def content_groups(files: ImageFiles) -> NDArray[np.intp]:
    """Return the same number for image files of the same content, (n,).

    Files are read only where others have their size.
    """
    paths = [Path(files.folder, name) for name in files.names]
    groups = [list(range(len(paths)))]
    for key in (_size, _beginning, file_checksum):
        groups = [part for group in groups for part in _divided(group, paths, key)]
    numbers = np.empty(len(paths), np.intp)
    for number, group in enumerate(sorted(groups)):
        numbers[group] = number
    return numbers


def _divided(
    group: list[int], paths: Sequence[Path], key: Callable[[Path], Hashable]
) -> Iterable[list[int]]:
    if len(group) == 1:
        return [group]
    parts: dict[Hashable, list[int]] = defaultdict(list)
    for row in group:
        parts[key(paths[row])].append(row)
    return parts.values()


def _size(path: Path) -> int:
    return path.stat().st_size


def _beginning(path: Path) -> bytes:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read(BEGINNING)).digest()


def notes_on_copies(
    files: ImageFiles,
    groups: NDArray[np.intp],
    classes: Sequence[str],
    *,
    together: bool = True,
) -> list[str]:
    """Return sentences on images that are there more than once.

    `together` says whether all copies of an image are on one side of the split.
    """
    members = defaultdict(list)
    for row, group in enumerate(groups):
        members[group].append(row)
    copies = [rows for rows in members.values() if len(rows) > 1]
    labels = [{files.labels[row] for row in rows} for rows in copies]
    torn = [rows for rows, found in zip(copies, labels, strict=True) if len(found) > 1]
    notes = []
    if copies:
        extra = sum(len(rows) - 1 for rows in copies)
        kept = ", and are kept on one side of the split" if together else ""
        notes.append(
            f"{extra} of {len(groups)} images are copies of others, byte for byte"
            f"{kept}: {_listed(copies, files)}"
        )
    if torn:
        of = sorted({classes[files.labels[row]] for rows in torn for row in rows})
        notes.append(
            f"more than one class (of {first_names(of)}) has the same image, so that no"
            f" method can be right about all: {_listed(torn, files)} ({len(torn)} in"
            " all); remove the wrong copies"
        )
    return notes


def _listed(groups: Sequence[Sequence[int]], files: ImageFiles) -> str:
    words = [
        " = ".join(printable(files.names[row]) for row in rows[:2])
        for rows in groups[:NAMED]
    ]
    more = [f"and {len(groups) - NAMED} more"] if len(groups) > NAMED else []
    return ", ".join([*words, *more])

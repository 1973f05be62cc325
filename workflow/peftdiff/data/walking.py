"""All that lies below a folder of images, in an order of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from peftdiff.data.left_out import (
    BROKEN_LINK,
    CIRCLE,
    EMPTY,
    HIDDEN,
    NO_FILE,
    UNREADABLE,
)

# What systems and programs leave in folders, besides names that begin with a dot.
OF_THE_SYSTEM = frozenset(
    (
        *("__macosx", "__pycache__", "@eadir", "$recycle.bin", "lost+found"),
        *("system volume information", "thumbs.db", "ehthumbs.db", "desktop.ini"),
        *("icon\r", "#recycle"),
    )
)


@dataclass(frozen=True)
class Entry:
    """A file below a folder, or a folder of which nothing can be taken.

    Attributes
    ----------
    parts
        Its path below the folder, in parts.
    reason
        Why it is left out; None for a file.
    """

    parts: tuple[str, ...]
    reason: str | None = None

    @property
    def name(self) -> str:
        """The path below the folder."""
        return os.path.join(*self.parts)


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is no user's own."""
    return name.startswith(".") or name.lower() in OF_THE_SYSTEM


def walk(folder: Path) -> Iterator[Entry]:
    """Yield every entry below a folder, sorted by name; links are followed.

    Raises
    ------
    OSError
        Where the folder itself cannot be read.
    """
    yield from _walk(folder, (), (os.path.realpath(folder),))


def _walk(
    folder: Path, parts: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        own = (*parts, entry.name)
        if is_hidden(entry.name):
            yield Entry(own, HIDDEN)
        elif not entry.is_dir():
            yield Entry(own, _why_no_file(entry))
        elif (real := os.path.realpath(entry.path)) in above:
            yield Entry(own, CIRCLE)
        else:
            yield from _walk_into(Path(entry.path), own, (*above, real))


def _walk_into(
    folder: Path, parts: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[Entry]:
    try:
        below = list(_walk(folder, parts, above))
    except OSError:
        yield Entry(parts, UNREADABLE)
        return
    yield from below or [Entry(parts, EMPTY)]


def _why_no_file(entry: os.DirEntry[str]) -> str | None:
    if entry.is_file():
        return None
    broken = entry.is_symlink() and not os.path.exists(entry.path)
    return BROKEN_LINK if broken else NO_FILE

"""Labelled image files: what a split of a task consists of before it is decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ImageFiles:
    """Image files, named by their paths within a folder, and the label of each."""

    folder: Path
    names: Sequence[str]
    labels: Sequence[int]

    def pick(self, rows: Iterable[int]) -> ImageFiles:
        """Return some of the images, in the order of `rows`."""
        pairs = [(self.names[row], self.labels[row]) for row in rows]
        names, labels = zip(*pairs, strict=True)
        return ImageFiles(self.folder, names, labels)


def listing_checksum(files: ImageFiles) -> str:
    """Return the SHA-256 of the names and labels, in their order."""
    rows = zip(files.names, files.labels, strict=True)
    text = "".join(f"{name} {label}\n" for name, label in rows)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def file_checksum(path: str | Path) -> str:
    """Return a file's SHA-256."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Labelled image files: what a split of a task names, before anything is decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ImageFiles:
    """Image files, named from a folder on, and the label of each."""

    folder: Path
    names: Sequence[str]
    labels: Sequence[int]


def file_checksum(path: str | Path) -> str:
    """Return a file's SHA-256."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

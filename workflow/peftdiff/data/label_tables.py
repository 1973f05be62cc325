"""A user's CSV file of images and labels, in the forms that programs write."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from peftdiff.data.left_out import printable
from peftdiff.runtime import UserError

DELIMITERS = (",", ";", "\t", "|")
# The names of columns by what they hold, in small letters.
PATH = frozenset(
    (
        *("path", "file", "filename", "file_name", "filepath", "file path"),
        *("image", "image_path", "image path", "img", "img_path", "name"),
    )
)
LABEL = frozenset(
    ("label", "labels", "class", "class_name", "classname", "category", "target")
)
SPLIT = frozenset(("split", "set", "subset", "partition", "fold"))
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Row:
    """An image of a table: its path and label, its split if any, and its line."""

    path: str
    label: str
    split: str | None
    line: int


@dataclass(frozen=True)
class _Columns:
    path: int
    label: int
    split: int | None = None


def read_label_table(path: str | Path) -> list[Row]:
    """Return the rows of a table of images.

    Commas, semicolons, tabs and vertical bars separate; UTF-8, UTF-16 with its mark and
    Windows' Latin alphabet are read; columns are found by name, whatever its capitals,
    or, without names, by the files that they hold. Cells lose the spaces around them.

    Raises
    ------
    UserError
        Naming the line, or what the table lacks.
    """
    path = Path(path)
    text = _text_of(path)
    delimiter, columns, has_head = _layout(text, path)
    rows = []
    for line, cells in _cells(text, delimiter):
        if has_head:
            has_head = False
            continue
        rows.append(_row(cells, columns, line, path))
    if not rows:
        raise UserError(f"{path} lists no images; write a row for each")
    return rows


def _text_of(path: Path) -> str:
    content = path.read_bytes()
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\0" in content:
        raise UserError(
            f"{path} is no text; give a folder of class folders, or a CSV file with the"
            " columns path and label"
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Every byte means something in Latin-1, and most of Windows' letters the same.
        return content.decode("cp1252" if _is_windows(content) else "latin-1")


def _is_windows(content: bytes) -> bool:
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _cells(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row, and the line of the file on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield line, cells
        line = reader.line_num + 1


def _layout(text: str, path: Path) -> tuple[str, _Columns, bool]:
    """Return the delimiter, the columns, and whether the first row names them."""
    heads = []
    for delimiter in DELIMITERS:
        _, first = next(_cells(text, delimiter), (1, [""]))
        if columns := _named_columns(first):
            return delimiter, columns, True
        heads.append((delimiter, first))
    for delimiter, first in heads:
        if columns := _unnamed_columns(first, path.parent):
            return delimiter, columns, False
    widest = max((head for _, head in heads), key=len)
    if widest == [""]:
        raise UserError(f"{path} is empty; write the columns path and label into it")
    found = ", ".join(map(printable, widest[:5]))
    raise UserError(
        f"{path} has no columns path and label: its first line holds {found}; name the"
        " columns there, or correct the paths, which are seen from the file's folder"
    )


def _named_columns(head: Sequence[str]) -> _Columns | None:
    names = [name.lower() for name in head]
    places = [
        next((place for place, name in enumerate(names) if name in known), None)
        for known in (PATH, LABEL, SPLIT)
    ]
    path, label, split = places
    if path is None or label is None:
        return None
    return _Columns(path, label, split)


def _unnamed_columns(first: Sequence[str], folder: Path) -> _Columns | None:
    files = [bool(cell) and locate(folder, cell) is not None for cell in first]
    if files[:2] == [True, False]:
        return _Columns(0, 1, 2 if len(files) == 3 else None)
    if files == [False, True]:
        return _Columns(1, 0)
    return None


def _row(cells: list[str], columns: _Columns, line: int, path: Path) -> Row:
    def cell(place: int) -> str:
        return cells[place] if place < len(cells) else ""

    found = cell(columns.path), cell(columns.label)
    if "" in found:
        raise UserError(f"line {line} of {path} lacks a path or a label; complete it")
    split = None if columns.split is None else cell(columns.split)
    return Row(*found, split, line)


def locate(folder: Path, name: str) -> str | None:
    """Return a file that a table lists, as it is called here; None if it is not there.

    Windows' programs write a backslash between folders.
    """
    for candidate in (name, name.replace("\\", "/")):
        try:
            if (folder / candidate).is_file():
                return candidate
        except (OSError, ValueError):  # a name that no file can have
            continue
    return None

"""Tables of the page, made from data frames: each cell knows what it is sorted by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from typing import Any

import pandas as pd

from peftdiff.reporting.text import number

BEST, SECOND = "best", "second"
SAME = 1e-9  # numbers that differ by less are rounding, and share a place
LETTERS = "abcdefghijklmnopqrstuvwxyz"
Texts = Mapping[tuple[Any, str], str]  # by row and column


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key
        Its name in the data frame.
    label, group
        Its heading, and what stands above it and its neighbors.
    show
        How a value is written; if not given, a number with two decimals, and a word as
        it is.
    hint
        What the heading means, for whoever points at it.
    missing
        The footnote of an empty cell that has none of its own; empty where the question
        does not arise.
    best
        Which of its numbers are marked as best: "highest", "lowest", or none.
    average
        Whether it holds averages of other columns.
    """

    key: str
    label: str
    show: Callable[[Any], str] | None = None
    group: str = ""
    hint: str = ""
    missing: str = ""
    best: str = ""
    average: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text
        What is shown; empty for an undefined value.
    value
        What rows are sorted by: a number, a text, or None for an undefined value.
    mark
        `BEST`, `SECOND` or nothing.
    hint
        A detail for whoever points at the cell.
    note
        Why the cell is empty, or what its value leaves out: a footnote.
    """

    text: str
    value: float | str | None = None
    mark: str = ""
    hint: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A row, whose first cell is its heading; `kind` is "", "baseline", "reference"."""

    cells: Sequence[Cell]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table for the template, which adds its caption and its legend."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    sortable: bool = True

    @cached_property
    def spans(self) -> list[tuple[str, int]]:
        """The groups of columns and their widths, the first column left out."""
        groups = groupby(self.columns[1:], lambda column: column.group)
        return [(group, len(list(members))) for group, members in groups]

    @cached_property
    def footnotes(self) -> dict[str, str]:
        """A letter for each different note."""
        notes = (cell.note for row in self.rows for cell in row.cells if cell.note)
        return {note: letter(n) for n, note in enumerate(dict.fromkeys(notes))}

    def is_words(self, place: int) -> bool:
        """Whether a column holds words, which are aligned to the left."""
        return any(isinstance(row.cells[place].value, str) for row in self.rows)

    @property
    def marked(self) -> bool:
        """Whether any cell is marked."""
        return any(cell.mark for row in self.rows for cell in row.cells)

    @property
    def grouped(self) -> bool:
        """Whether columns stand below groups."""
        return any(group for group, _ in self.spans)


def make_table(
    name: str,
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    kinds: Mapping[Any, str] | None = None,
    notes: Texts | None = None,
    hints: Texts | None = None,
    marks: Texts | None = None,
    sortable: bool = True,
) -> Table:
    """Return a data frame as a table.

    Parameters
    ----------
    name
        Of the table, for links and tests.
    frame
        A row for each row; words and numbers as they are, a NaN or None is undefined.
    columns
        What is shown, the rows' heading first.
    kinds
        Rows that do not compete, by index: "baseline" or "reference".
    notes, hints
        Footnotes and details of single cells, by index and column key.
    marks
        Marks of single cells, in columns that do not mark their best numbers.
    sortable
        Whether the reader may sort the rows.
    """
    kinds, notes, hints = kinds or {}, notes or {}, hints or {}
    given = marks or {}
    best = {column.key: _marks(frame, column, kinds) for column in columns}
    rows = []
    for place, index in enumerate(frame.index):
        cells = []
        for column in columns:
            key = (index, column.key)
            cells.append(
                _cell(
                    frame[column.key].iloc[place],
                    column,
                    mark=best[column.key].get(place, given.get(key, "")),
                    note=notes.get(key, ""),
                    hint=hints.get(key, ""),
                )
            )
        rows.append(Row(cells, kinds.get(index, "")))
    return Table(name, columns, rows, sortable)


def _cell(value: Any, column: Column, *, mark: str, note: str, hint: str) -> Cell:
    if pd.isna(value):
        return Cell("", None, hint=hint, note=note or column.missing)
    if isinstance(value, str):
        text = (column.show or str)(value)
        return Cell(text, text.lower(), hint=hint, note=note)
    shown = (column.show or number)(float(value))
    return Cell(shown, float(value), mark, hint, note)


def _marks(
    frame: pd.DataFrame, column: Column, kinds: Mapping[Any, str]
) -> dict[int, str]:
    """Return the marks of a column, by the place of the row."""
    if not column.best:
        return {}
    values = {
        place: float(value)
        for place, (index, value) in enumerate(frame[column.key].items())
        if index not in kinds
    }
    return best_two(values, highest=column.best == "highest")


def best_two(values: Mapping[Any, float], highest: bool = True) -> dict[Any, str]:
    """Return which of some numbers are the best and the second; ties share a place.

    A number that stands alone is not marked: it has beaten nothing.
    """
    known = {key: value for key, value in values.items() if not math.isnan(value)}
    order = sorted(known.values(), reverse=highest)
    distinct = [v for n, v in enumerate(order) if not n or abs(v - order[n - 1]) > SAME]
    if len(distinct) < 2:
        return {}
    places = dict(zip((BEST, SECOND), distinct, strict=False))
    return {
        key: mark
        for key, value in known.items()
        for mark, reached in places.items()
        if abs(value - reached) <= SAME
    }


def decimals(count: int) -> Callable[[float], str]:
    """Return what writes a number with so many decimals."""
    return partial(number, decimals=count)


def letter(position: int) -> str:
    """Return a footnote's mark: a to z, then aa, ab and so on."""
    first, last = divmod(position, len(LETTERS))
    return (letter(first - 1) if first else "") + LETTERS[last]


def notes_of(table: pd.DataFrame, rows: str, key: str) -> dict[Any, str]:
    """Return the column `note` of a table as footnotes, by row and column.

    Parameters
    ----------
    table
        A tidy table.
    rows
        The name of its column that names rows.
    key
        The name of its column that names columns.
    """
    if "note" not in table:
        return {}
    known = table[table["note"].notna()]
    return {
        (row, column): str(note)
        for row, column, note in zip(
            known[rows], known[key], known["note"], strict=True
        )
    }

"""Numbers as text, and tables whose cells know what they are sorted by."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

BEST, SECOND = "best", "second"
GOOD, NEAR, BAD, OPEN = "good", "near", "bad", "open"  # how an answer turned out
SAME = 1e-9  # numbers that differ by less are rounding, and share a place
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Cell:
    """One cell: its text, what it is sorted by, and what else there is to say.

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
class Column:
    """A column's heading, the group it stands below, and what the heading means."""

    label: str
    group: str = ""
    hint: str = ""
    average: bool = False


@dataclass(frozen=True)
class Row:
    """A row; `kind` is empty, "baseline" or "reference"."""

    cells: Sequence[Cell]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table for the page; the first cell of a row is its heading."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    legend: str = ""
    sortable: bool = True
    spans: list[tuple[str, int]] = field(init=False)
    footnotes: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Gather the groups of columns, and a letter for each different note."""
        spans: list[tuple[str, int]] = []
        for column in self.columns[1:]:
            if spans and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        notes = (cell.note for row in self.rows for cell in row.cells if cell.note)
        letters = {note: letter(n) for n, note in enumerate(dict.fromkeys(notes))}
        object.__setattr__(self, "spans", spans)
        object.__setattr__(self, "footnotes", letters)

    def is_words(self, place: int) -> bool:
        """Whether a column holds words, which are aligned to the left."""
        return any(isinstance(row.cells[place].value, str) for row in self.rows)

    @property
    def grouped(self) -> bool:
        """Whether columns stand below groups."""
        return any(group for group, _ in self.spans)


def letter(position: int) -> str:
    """Return a footnote's mark: a to z, then aa, ab and so on."""
    first, last = divmod(position, len(LETTERS))
    return (letter(first - 1) if first else "") + LETTERS[last]


def number(value: float, decimals: int = 2) -> str:
    """Return a number with a typographic minus sign; nothing for a NaN."""
    if math.isnan(value):
        return ""
    # Adding zero turns the -0.0 that rounding may leave into 0.0.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def p_value(value: float) -> str:
    """Return a p-value; one below a thousandth is not nought."""
    return "< 0.001" if value < 0.001 else number(value, 3)


def interval(low: float, high: float, decimals: int = 2) -> str:
    """Return an interval, or nothing where it is undefined."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def duration(seconds: float) -> str:
    """Return a time in the unit that people would use."""
    if math.isnan(seconds):
        return ""
    if seconds < 120:
        return f"{number(seconds, 0 if seconds >= 10 else 1)} seconds"
    if seconds < 2 * 3600:
        return f"{number(seconds / 60, 0 if seconds >= 600 else 1)} minutes"
    return f"{number(seconds / 3600, 1)} hours"


def counted(count: int, one: str, many: str = "") -> str:
    """Return "1 task" or "5 tasks"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Return "a", "a and b", or "a, b and c"."""
    *first, end = list(names) or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def points(value: float) -> str:
    """Return "1.0 point" or "2.3 points" of accuracy."""
    shown = number(value, 1)
    return f"{shown} point{'' if shown == '1.0' else 's'}"


def ordinal(place: int) -> str:
    """Return "1st", "2nd" and so on."""
    teens = place % 100 in (11, 12, 13)
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def numeric(value: Any, decimals: int = 2, note: str = "", **more: str) -> Cell:
    """Return the cell of a number; an undefined one shows nothing but its note."""
    known = math.nan if pd.isna(value) else float(value)
    if math.isnan(known):
        return Cell("", None, note=note or "undefined", **more)
    return Cell(number(known, decimals), known, note=note, **more)


def counts(value: Any) -> Cell:
    """Return the cell of a whole number."""
    return numeric(value, 0)


def word(text: Any, **more: str) -> Cell:
    """Return the cell of a text."""
    shown = "" if pd.isna(text) else str(text)
    return Cell(shown, shown.lower() or None, **more)


def places(values: Mapping[Any, float], highest: bool = True) -> dict[Any, str]:
    """Return which of some numbers are the best and the second; ties share a place.

    A number that stands alone is not marked: it has beaten nothing.
    """
    known = {key: value for key, value in values.items() if not math.isnan(value)}
    order = sorted(known.values(), reverse=highest)
    distinct = [v for n, v in enumerate(order) if not n or abs(v - order[n - 1]) > SAME]
    if len(known) < 2 or len(distinct) < 2:
        return {}
    first, second = distinct[:2]
    found = {}
    for key, value in known.items():
        if abs(value - first) <= SAME:
            found[key] = BEST
        elif abs(value - second) <= SAME:
            found[key] = SECOND
    return found

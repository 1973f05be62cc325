"""Tables in Markdown that also read well on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 100  # columns of a terminal


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table, its first column aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    first, *others = widths
    lines = [
        " | ".join(
            [row[0].ljust(first), *map(str.rjust, row[1:], others)],
        )
        for row in (header, *rows)
    ]
    rule = "|".join([":" + "-" * (first + 1), *("-" * (w + 1) + ":" for w in others)])
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {x} |" for x in lines[1:])])

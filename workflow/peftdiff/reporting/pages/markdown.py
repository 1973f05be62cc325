"""Tables and paragraphs in Markdown that also read well on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Collection

import pandas as pd

WIDTH = 100  # columns of a terminal


def markdown(frame: pd.DataFrame, words: Collection[str] = ()) -> str:
    """Return a data frame of texts as a table, as narrow as it can be.

    Parameters
    ----------
    frame
        Its cells as they are shown; the names of its columns are the headings.
    words
        Columns that are aligned to the left, as the first one is.
    """
    columns = []
    for place, (name, values) in enumerate(frame.items()):
        cells = [str(name), *map(str, values)]
        width = max(map(len, cells))
        if place == 0 or name in words:
            rule, cells = f":{'-' * (width + 1)}", [cell.ljust(width) for cell in cells]
        else:
            rule, cells = f"{'-' * (width + 1)}:", [cell.rjust(width) for cell in cells]
        header, *body = (f" {cell} " for cell in cells)
        columns.append([header, rule, *body])
    return "\n".join(f"|{'|'.join(line)}|" for line in zip(*columns, strict=True))


def paragraph(text: str) -> str:
    """Return a text in lines that are no wider than a terminal."""
    return textwrap.fill(text, WIDTH)

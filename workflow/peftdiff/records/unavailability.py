"""Files that say why a task is unavailable, in place of tables and arrays."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from peftdiff.records.arrays import read_metadata, write_arrays
from peftdiff.records.tables import UNAVAILABLE, write_table


def write_unavailable(path: str | Path, reason: str, **labels: str) -> None:
    """Write a file that says why its task is unavailable, as a job's output.

    The reason is a table's only row, or the metadata of arrays. A job whose input is
    such a file writes another, so that the other tasks go on.
    """
    if Path(path).suffix == ".csv":
        write_table(path, pd.DataFrame([labels | {UNAVAILABLE: reason}]))
    else:
        write_arrays(path, {}, {UNAVAILABLE: reason})


def unavailable(path: str | Path) -> str | None:
    """Return why a file of arrays has none; None if it has some."""
    return read_metadata(path).get(UNAVAILABLE)


def propagate_unavailable(
    input_path: str | Path, *paths: str | Path, **labels: str
) -> bool:
    """Return whether an input is unavailable; if so, write `paths` that say so, too."""
    reason = unavailable(input_path)
    for path in paths if reason else ():
        write_unavailable(path, reason or "", **labels)
    return bool(reason)

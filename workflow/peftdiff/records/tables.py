"""Tables as CSV files, written completely or not at all, and checked when read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from peftdiff.records.files import replacing
from peftdiff.runtime import UserError, logger

NAMES = ("experiment", "task", "group", "method", "model", "metric", "majority_class")
"""The columns of names, which may look like numbers, or like missing values."""

UNAVAILABLE = "unavailable"
"""The column, or the metadata, that says why a file has no content."""


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a tidy table as CSV, atomically; floats keep ten significant digits."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.10g", lineterminator="\n")


def read_table(
    path: str | Path, columns: Sequence[str] = (), *, text: bool = False
) -> pd.DataFrame:
    """Read a table; `UserError` names the file, or the columns it lacks.

    Names stay what they are, whatever they look like: only an empty cell has no value.
    With `text`, all cells are text, empty ones too, and 01 is not 1.
    """
    kinds: Any = str if text else dict.fromkeys(NAMES, str)
    try:
        table = pd.read_csv(
            path,
            dtype=kinds,
            keep_default_na=False,
            na_values=[] if text else [""],
        )
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run the job that makes it") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError):
        raise UserError(
            f"{path} is not a readable table; delete it and start again"
        ) from None
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UserError(
            f"{path} lacks the columns {', '.join(missing)}; delete it and start again"
        )
    return table


def with_columns(table: pd.DataFrame, **labels: Any) -> pd.DataFrame:
    """Return a table with columns in front that have one value in all rows."""
    return pd.concat([pd.DataFrame(labels, index=table.index), table], axis=1)


def read_tables(paths: Sequence[str]) -> pd.DataFrame:
    """Read tables of the same columns, one below the other.

    Tables of tasks that are unavailable (`write_unavailable`) are left out.
    """
    tables = [read_table(path) for path in paths]
    available = [table for table in tables if UNAVAILABLE not in table]
    for table in tables:
        if UNAVAILABLE in table:
            logger.info("left out: %s", table.iloc[0].to_dict())
    if not available:
        raise UserError(f"{', '.join(paths)}: no task of them is available")
    return pd.concat(available, ignore_index=True)


def read_usage(folder: str | Path) -> pd.DataFrame:
    """Return the time and memory of jobs, from the logs of the workflow's engine.

    Returns
    -------
    DataFrame
        One row per job: rule, job, seconds, megabytes (at the peak).
    """
    rows = []
    for file in sorted(Path(folder).glob("*/**/*.usage.tsv")):
        last = pd.read_csv(file, sep="\t").iloc[-1]
        memory = pd.to_numeric(last["max_rss"], errors="coerce")
        rule, *job = file.relative_to(folder).parts
        name = "/".join(job).removesuffix(".usage.tsv")
        rows.append((rule, name, last["s"], memory))
    return pd.DataFrame(rows, columns=["rule", "job", "seconds", "megabytes"])

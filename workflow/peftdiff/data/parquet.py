"""Labelled images in Parquet files, as the library `datasets` writes them.

No file is read whole: labels are read as one column, and images row group by row group,
from those groups alone that hold a row that is wanted.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from peftdiff.runtime import UserError

BATCH = 64  # images that are in memory at a time
SECTION = "source.hub"  # of the configuration, whose keys are files, image and label


def read_labels(
    path: str | Path, column: str
) -> tuple[list[str], tuple[str, ...] | None]:
    """Return the class of each row, and the names of all classes if the file has them.

    Parameters
    ----------
    column
        Name of the column of labels, which are integers or text. Where the file's
        schema names the classes that the integers stand for (the ClassLabel of
        `datasets`), those are their names; else their labels as text.

    Raises
    ------
    UserError
        Where the file is no Parquet file, lacks the column, or a row has no label.
    """
    with _open(path) as file:
        _check_column(path, file, column, "label")
        names = _class_names(file.schema_arrow, column)
        labels = file.read([column], use_threads=False).column(0).to_pylist()
    if not all(isinstance(label, int | str) or label is None for label in labels):
        raise UserError(
            f"the column '{column}' of {path} holds neither integers nor text; correct"
            f" config key '{SECTION}.label'"
        )
    known = set(labels) if names is None else set(range(len(names)))
    for row, label in enumerate(labels):
        if label is None or label not in known:
            raise UserError(
                f"row {row} of {path} has the label {label}, which is no class; correct"
                f" config key '{SECTION}.label', or leave the file out in"
                f" '{SECTION}.files'"
            )
    return [names[label] if names else str(label) for label in labels], names


def read_images(
    path: str | Path, column: str, rows: Sequence[int]
) -> Iterator[tuple[int, bytes]]:
    """Yield some rows, ascending, and the encoded image of each, as the file has it.

    Parameters
    ----------
    column
        Name of the column of images: bytes, or pairs of bytes and path.

    Raises
    ------
    UserError
        Where the file lacks the column, is damaged, or one of the rows has no image.
    """
    wanted = np.sort(np.asarray(rows, np.int64))
    with _open(path) as file:
        _check_column(path, file, column, "image")
        sizes = [
            file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)
        ]
        starts = np.cumsum([0, *sizes])
        for group in np.unique(np.searchsorted(starts, wanted, side="right") - 1):
            start = int(starts[group])
            for batch in file.iter_batches(
                BATCH, row_groups=[int(group)], columns=[column], use_threads=False
            ):
                end = start + len(batch)
                for row in wanted[(wanted >= start) & (wanted < end)].tolist():
                    cell = batch.column(0)[row - start].as_py()
                    yield row, _encoded_image(path, column, row, cell)
                start = end


def _encoded_image(path: str | Path, column: str, row: int, cell: Any) -> bytes:
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if content is None or content == b"":
        raise UserError(
            f"row {row} of {path} has no image in the column '{column}'; correct config"
            f" key '{SECTION}.image', or draw others by 'source.draw_seed'"
        )
    if not isinstance(content, bytes):
        raise UserError(
            f"the column '{column}' of {path} holds no encoded images; correct config"
            f" key '{SECTION}.image'"
        )
    return content


def _check_column(path: str | Path, file: Any, column: str, key: str) -> None:
    columns = file.schema_arrow.names
    if column not in columns:
        raise UserError(
            f"{path} has no column '{column}', but {', '.join(columns)}; correct config"
            f" key '{SECTION}.{key}'"
        )


def _class_names(schema: Any, column: str) -> tuple[str, ...] | None:
    """Return the names that the integers of a column stand for, if the schema has any.

    Where two are the same, their integers are added to tell them apart.
    """
    description = (schema.metadata or {}).get(b"huggingface", b"{}")
    features = json.loads(description).get("info", {}).get("features", {})
    feature = features.get(column)
    names = feature.get("names") if isinstance(feature, dict) else None
    if not names:
        return None
    counts: Counter[str] = Counter(names)
    return tuple(
        f"{name} ({number})" if counts[name] > 1 else name
        for number, name in enumerate(names)
    )


@contextlib.contextmanager
def _open(path: str | Path) -> Iterator[Any]:
    import pyarrow
    from pyarrow import parquet

    try:
        # With a buffer, a column is not read whole.
        with parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path} is {_what_it_is(path)} ({reason}); correct config key"
            f" '{SECTION}.files', or delete {Path(path).resolve()}, which is damaged,"
            " and start again"
        ) from None


def _what_it_is(path: str | Path) -> str:
    with open(path, "rb") as file:
        start = file.read(256).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "an HTML page, no Parquet file"
    return "no whole Parquet file"

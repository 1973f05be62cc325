"""Tables and arrays on disk: written whole or not at all, checked when read.

Arrays are safetensors files with metadata, tables are CSV; nothing is pickled.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.runtime import UserError, logger

Arrays = Mapping[str, NDArray[Any]]

UNAVAILABLE = "unavailable"

# The names of the safetensors format for the types this project stores.
_DTYPES = {"F32": "float32", "F64": "float64", "U8": "uint8", "I64": "int64"}
_CODES = {name: code for code, name in _DTYPES.items()}


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place only on success."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.stem}.", suffix=target.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; results are for everyone the umask allows.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    except OSError as error:
        if error.filename in (None, name):
            error.filename = str(target)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file atomically, readable to people."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file; `UserError` names it where it is missing or broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run the job that makes it") from None
    except ValueError:
        raise UserError(
            f"{path} is not readable JSON; delete it and start again"
        ) from None


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a tidy table as CSV, atomically; floats keep ten significant digits."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.10g", lineterminator="\n")


def read_table(
    path: str | Path, columns: Sequence[str] = (), *, text: bool = False
) -> pd.DataFrame:
    """Read a table; `UserError` names the file, or the columns it lacks.

    With `text`, cells are the text that stands there: "NA" is no gap, and 01 not 1.
    """
    as_text: dict[str, Any] = {"dtype": str, "keep_default_na": False}
    try:
        table = pd.read_csv(path, **(as_text if text else {}))
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
    """Return a table with columns in front that say the same in every row."""
    return pd.concat([pd.DataFrame(labels, index=table.index), table], axis=1)


def read_tables(paths: Sequence[str]) -> pd.DataFrame:
    """Read tables of the same columns, one below the other.

    One that says instead why there is nothing (`write_unavailable`) is left out.
    """
    tables = [read_table(path) for path in paths]
    there = [table for table in tables if UNAVAILABLE not in table]
    for table in tables:
        if UNAVAILABLE in table:
            logger.info("left out: %s", table.iloc[0].to_dict())
    if not there:
        raise UserError(f"{', '.join(paths)}: no task of them is available")
    return pd.concat(there, ignore_index=True)


def write_unavailable(path: str | Path, reason: str, **labels: str) -> None:
    """Write why there is nothing: a table's only row, or arrays' metadata.

    A job does so where its input is such a file, so that the other tasks go on.
    """
    if Path(path).suffix == ".csv":
        write_table(path, pd.DataFrame([labels | {UNAVAILABLE: reason}]))
    else:
        write_arrays(path, {}, {UNAVAILABLE: reason})


def unavailable(path: str | Path) -> str | None:
    """Return why a file of arrays has none, None where it has."""
    return read_metadata(path).get(UNAVAILABLE)


def propagate_unavailable(
    source: str | Path, *paths: str | Path, **labels: str
) -> bool:
    """Return whether a file says why there is nothing; if so, `paths` say it, too."""
    reason = unavailable(source)
    for path in paths if reason else ():
        write_unavailable(path, reason or "", **labels)
    return bool(reason)


def read_usage(folder: str | Path) -> pd.DataFrame:
    """Return what jobs took, where `folder` holds the engine's account of them.

    Returns
    -------
    DataFrame
        A row a job: rule, job, seconds, megabytes (the most at a time).
    """
    rows = []
    for file in sorted(Path(folder).glob("*/**/*.usage.tsv")):
        last = pd.read_csv(file, sep="\t").iloc[-1]
        memory = pd.to_numeric(last["max_rss"], errors="coerce")
        rule, *place = file.relative_to(folder).parts
        name = "/".join(place).removesuffix(".usage.tsv")
        rows.append((rule, name, last["s"], memory))
    return pd.DataFrame(rows, columns=["rule", "job", "seconds", "megabytes"])


def write_npz(path: str | Path, arrays: Mapping[str, Any]) -> None:
    """Write small arrays and texts as a compressed npz file, atomically."""
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def write_arrays(path: str | Path, arrays: Arrays, metadata: Mapping[str, str]) -> None:
    """Write arrays (float32, float64, int64, uint8) as a safetensors file, atomically.

    `metadata` maps names to text. Large arrays are better streamed: `streaming_arrays`.
    """
    shapes = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    with streaming_arrays(path, shapes, metadata) as views:
        for name, array in arrays.items():
            views[name][...] = array


@contextlib.contextmanager
def streaming_arrays(
    path: str | Path,
    shapes: Mapping[str, tuple[tuple[int, ...], str]],
    metadata: Mapping[str, str],
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield writable memory-mapped arrays that become a safetensors file at the end.

    The safetensors library writes from memory only, and the embeddings of a large
    task need not fit: so the header, whose lengths are known beforehand, is written
    first and the arrays are filled in place.

    Parameters
    ----------
    path
        The file to make; nothing is left there on a failure.
    shapes
        For each array its shape and the name of its dtype.
    metadata
        Text by name, kept in the header. It may change until the end, as long as it
        takes no more room: a checksum of the arrays, say.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, (shape, dtype) in shapes.items():
        start, end = end, end + int(np.prod(shape)) * np.dtype(dtype).itemsize
        header[name] = {
            "dtype": _CODES[dtype],
            "shape": list(shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the format wants the data aligned to 8 bytes
    with replacing(path) as temporary:
        with open(temporary, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            _reserve(file.fileno(), 8 + len(text), end)
        views = _map(temporary, header, 8 + len(text), "r+")
        yield views
        for view in views.values():
            if isinstance(view, np.memmap):
                view.flush()
        if header["__metadata__"] != metadata:
            _rewrite_header(temporary, header | {"__metadata__": dict(metadata)}, text)


def read_arrays(path: str | Path, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Map a safetensors file's arrays (all, or those named) read-only.

    Raises
    ------
    UserError
        Where the file is missing, cut off, or lacks an array, and where it says why
        there is none.
    """
    header, start = _read_header(path)
    if reason := header.get("__metadata__", {}).get(UNAVAILABLE):
        raise UserError(f"{path} is unavailable ({reason}); leave its task out")
    arrays = _map(Path(path), header, start, "r", names)
    for name in names or ():
        if name not in arrays:
            raise UserError(f"{path} holds no '{name}'; delete it and start again")
    return arrays


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return a safetensors file's metadata; the arrays are not read."""
    metadata: dict[str, str] = _read_header(path)[0].get("__metadata__", {})
    return metadata


def _rewrite_header(path: Path, header: Mapping[str, Any], old: bytes) -> None:
    text = json.dumps(header).encode()
    if len(text) > len(old):
        raise ValueError(f"the metadata of {path} has grown since it was written")
    with open(path, "r+b") as file:
        file.seek(8)
        file.write(text.ljust(len(old)))


def _reserve(descriptor: int, start: int, size: int) -> None:
    # Reserving the space now turns a full disk into an error, which writing through
    # a memory map would turn into a crash. Not every system can reserve.
    if size and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, start, size)
    else:
        os.truncate(descriptor, start + size)


def _map(
    path: Path,
    header: Mapping[str, Any],
    start: int,
    mode: str,
    names: Sequence[str] | None = None,
) -> dict[str, NDArray[Any]]:
    views: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__" or (names is not None and name not in names):
            continue
        dtype, shape = _DTYPES[entry["dtype"]], tuple(entry["shape"])
        if 0 in shape:  # nothing to map
            views[name] = np.zeros(shape, dtype)
            continue
        offset = start + entry["data_offsets"][0]
        views[name] = np.memmap(path, dtype, mode, offset, shape)  # type: ignore[call-overload]
    return views


def _read_header(path: str | Path) -> tuple[dict[str, Any], int]:
    broken = UserError(
        f"{path} is cut off or not a safetensors file; delete it and start again"
    )
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > size - 8:
                raise broken
            header: dict[str, Any] = json.loads(file.read(length))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run the job that makes it") from None
    except (ValueError, UnicodeDecodeError):
        raise broken from None
    entries = [entry for name, entry in header.items() if name != "__metadata__"]
    end = max((entry["data_offsets"][1] for entry in entries), default=0)
    if size != 8 + length + end:
        raise broken
    return header, 8 + length


Tensors = dict[str, NDArray[Any]]

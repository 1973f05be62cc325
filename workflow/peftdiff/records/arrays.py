"""Arrays as safetensors and npz files, written completely or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from peftdiff.records.files import replacing
from peftdiff.records.tables import UNAVAILABLE
from peftdiff.runtime import UserError

Arrays = Mapping[str, NDArray[Any]]
Tensors = dict[str, NDArray[Any]]

# The names of the safetensors format for the types this project stores.
_DTYPES = {"F32": "float32", "F64": "float64", "U8": "uint8", "I64": "int64"}
_CODES = {name: code for code, name in _DTYPES.items()}

# What a file system answers that cannot do what was asked of it.
UNABLE = (errno.ENODEV, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def write_npz(path: str | Path, arrays: Mapping[str, Any]) -> None:
    """Write small arrays and texts as a compressed npz file, atomically."""
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def write_arrays(path: str | Path, arrays: Arrays, metadata: Mapping[str, str]) -> None:
    """Write arrays (float32, float64, int64, uint8) as a safetensors file, atomically.

    `metadata` is text by name. For large arrays see `streaming_arrays`.
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

    The safetensors library writes from memory only, and the embeddings of a large task
    may not fit. So the header, which needs only the shapes, is written first, and the
    arrays are filled in place.

    Parameters
    ----------
    path
        The file to write; nothing is left there on a failure.
    shapes
        The shape and the name of the dtype of each array.
    metadata
        Text by name, kept in the header. It may change until the end, such as to a
        checksum of the arrays, as long as it does not get longer.
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
        content = _map(temporary, "r+")
        yield _views(content, header, 8 + len(text))
        if isinstance(content, np.memmap):
            content.flush()
        else:
            content.tofile(temporary)
        if header["__metadata__"] != metadata:
            _rewrite_header(temporary, header | {"__metadata__": dict(metadata)}, text)


def read_arrays(path: str | Path, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Map arrays of a safetensors file, all or those of `names`, read-only.

    Raises
    ------
    UserError
        Where the file is missing, cut off or unavailable, or lacks an array.
    """
    header, start = _read_header(path)
    if reason := header.get("__metadata__", {}).get(UNAVAILABLE):
        raise UserError(f"{path} is unavailable ({reason}); leave its task out")
    for name in names or ():
        if name not in header:
            raise UserError(f"{path} holds no '{name}'; delete it and start again")
    return _views(_map(path, "r"), header, start, names)


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
    os.truncate(descriptor, start + size)
    if size and hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, start, size)
        except OSError as error:
            if error.errno not in UNABLE:
                raise


def _map(path: str | Path, mode: Literal["r", "r+"]) -> NDArray[np.uint8]:
    """Return a file's bytes, mapped once: each map is an open file.

    Where the file system cannot map, they are read into memory.
    """
    try:
        return np.memmap(path, np.uint8, mode)
    except OSError as error:
        if error.errno not in UNABLE:
            raise
    content = np.fromfile(path, np.uint8)
    content.flags.writeable = mode == "r+"
    return content


def _views(
    content: NDArray[np.uint8],
    header: Mapping[str, Any],
    start: int,
    names: Sequence[str] | None = None,
) -> dict[str, NDArray[Any]]:
    """Return the arrays, all or those of `names`, that lie behind a file's header."""
    views: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__" or (names is not None and name not in names):
            continue
        first, end = (start + offset for offset in entry["data_offsets"])
        numbers = content[first:end].view(_DTYPES[entry["dtype"]])
        views[name] = numbers.reshape(entry["shape"])
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

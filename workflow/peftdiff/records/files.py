"""Text and JSON files, written completely or not at all."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from peftdiff.runtime import UserError


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, to which it is renamed on success."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own, as several jobs may write one file; made as any other file is,
    # so that it is for everyone whom the umask and the folder allow.
    name = f".{target.stem}.{uuid.uuid4().hex[:8]}{target.suffix}"
    temporary = target.with_name(name)
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        if error.filename in (None, str(temporary)):
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

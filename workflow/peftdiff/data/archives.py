"""Downloaded zip archives, unpacked without trusting them."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from peftdiff.runtime import UserError, logger

GIGABYTE = 10**9
_ENCRYPTED = 1  # a flag bit of a zip archive's entry


def unpack(archive: str | Path, folder: str | Path, *, most_bytes: int) -> None:
    """Unpack an archive into a folder that afterwards is complete, or does not exist.

    Every entry is checked before the first is written.

    Parameters
    ----------
    archive
        A zip file.
    folder
        Where the files go; what an earlier call left there is replaced.
    most_bytes
        The largest size that the unpacked files may have together.

    Raises
    ------
    UserError
        Where the archive is no zip file or damaged, an entry leads out of the folder,
        is a link or encrypted, the whole is too large, or the disk too full.
    """
    folder = Path(folder)
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    _check_kind(archive)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _check_entries(archive, entries, most_bytes)
            total = sum(entry.file_size for entry in entries)
            require_space(folder, total, f"unpacking {archive}")
            logger.info("unpacking %d entries into %s", len(entries), folder)
            draft.mkdir(parents=True)
            for entry in entries:
                _write(opened, entry, draft)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise UserError(
            f"{archive} is damaged ({error}); delete it and start again"
        ) from None
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)


def require_space(path: str | Path, needed: int, purpose: str) -> None:
    """Raise UserError where the disk of `path` has fewer than `needed` bytes free."""
    existing = next(p for p in Path(path).absolute().parents if p.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise UserError(
            f"{purpose} needs {needed / GIGABYTE:.2f} GB, and {existing} has"
            f" {free / GIGABYTE:.2f} GB free; free some, or link the folder to a"
            " larger disk"
        )


def _check_kind(archive: str | Path) -> None:
    with open(archive, "rb") as file:
        start = file.read(256).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise UserError(
            f"{archive} is an HTML page, not a zip archive: its address answers with a"
            " page to read; correct the address, delete the file and start again"
        )
    if not zipfile.is_zipfile(archive):
        raise UserError(
            f"{archive} is cut off or no zip archive; delete it and start again"
        )


def _check_entries(
    archive: str | Path, entries: list[zipfile.ZipInfo], most_bytes: int
) -> None:
    seen: set[str] = set()
    for entry in entries:
        mode = entry.external_attr >> 16
        kind = stat.S_IFMT(mode)
        if _leads_out(entry.filename):
            fault = "leads out of the folder"
        elif kind and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            fault = "is a link or a device"
        elif entry.flag_bits & _ENCRYPTED:
            fault = "is encrypted"
        elif entry.filename in seen:
            fault = "occurs twice"
        else:
            seen.add(entry.filename)
            continue
        raise UserError(
            f"{archive} is not to be trusted: its entry {entry.filename!r} {fault};"
            " delete it and get the archive from elsewhere"
        )
    total = sum(entry.file_size for entry in entries)
    if total > most_bytes:
        raise UserError(
            f"{archive} would unpack to {total / GIGABYTE:.2f} GB, more than config key"
            f" 'data.unpacked_gigabytes' allows ({most_bytes / GIGABYTE:g}); if that is"
            " as it should be, raise it, else delete the archive"
        )


def _leads_out(name: str) -> bool:
    """Return whether an entry's name leads out of the folder, on any system."""
    paths = (PurePosixPath(name), PureWindowsPath(name))
    outside = any(path.anchor or ".." in path.parts for path in paths)
    return outside or "\x00" in name or not name


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / entry.filename
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # The reader stops at the size that the entry states, and compares its checksum.
    with opened.open(entry) as content, open(target, "xb") as file:
        shutil.copyfileobj(content, file, 1 << 20)

"""Locks on files: the kernel frees them when their process ends, however it ends."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import IO, Any

# What file systems answer that know no locks, such as Lustre and NFS without a daemon.
UNABLE = (
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOLCK,
    errno.EINVAL,
)


class NoLocksError(OSError):
    """The file system of a file knows no locks, so that nobody can hold one."""


def open_to_lock(path: str | Path) -> IO[str]:
    """Open a file that is locked and never read, made if need be.

    NFS wants a file to be open for reading where a lock is shared, and for writing
    where it is not.
    """
    return open(path, "a+", encoding="utf-8")


def lock(file: IO[Any], *, shared: bool = False, wait: bool = True) -> None:
    """Lock an open file until it is closed, or its process ends.

    Raises
    ------
    BlockingIOError
        Where another process holds it, and this one does not `wait`.
    NoLocksError
        Where the file system knows no locks.
    OSError
        Where something else is wrong; it names the file.
    """
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, how if wait else how | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        kind = NoLocksError if error.errno in UNABLE else OSError
        raise kind(error.errno, error.strerror, file.name) from None


@cache  # so that each is said once
def warn_of_no_locks(folder: Path, warn: Callable[[str], None]) -> None:
    """Say what a user has to heed where a folder's files cannot be locked."""
    warn(
        f"the file system of {folder} knows no locks, so nothing keeps two workflows"
        " apart there: run one at a time, and end what a killed one has left running"
    )

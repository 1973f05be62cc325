"""Whether a user's images have changed, told without reading them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from peftdiff.data.label_tables import read_label_table
from peftdiff.data.left_out import HIDDEN
from peftdiff.data.walking import walk
from peftdiff.runtime import UserError


def listing_digest(path: str | Path) -> str:
    """Return a digest of the images at a path, which changes as soon as they do.

    It is made of the names, sizes and times of all that is below a folder, except what
    is hidden; or of the content of a table and the same of the files that it lists. So
    it costs a listing. Where there is nothing, that is the digest.
    """
    path = Path(path)
    digest = hashlib.sha256()
    try:
        if path.is_file():
            digest.update(path.read_bytes())
            folder, names = path.parent, [row.path for row in read_label_table(path)]
        else:
            folder, names = path, [e.name for e in walk(path) if e.reason != HIDDEN]
    except (OSError, UserError) as error:  # the job says it
        digest.update(type(error).__name__.encode())
        folder, names = path, []
    for name in names:
        digest.update(os.fsencode(name) + b"\0")
        try:
            found = os.stat(folder / name)
        except (OSError, ValueError):
            continue
        digest.update(b"%d %d\0" % (found.st_size, found.st_mtime_ns))
    return digest.hexdigest()[:20]

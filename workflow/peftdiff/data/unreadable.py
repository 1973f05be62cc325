"""Image files that cannot be decoded: all are named at once, or all are left out."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from peftdiff.data.decoding import UNDECODABLE, UndecodableImage, decode
from peftdiff.data.files import ImageFiles
from peftdiff.data.pixels import DECODERS
from peftdiff.data.preparation import Preparation
from peftdiff.runtime import UserError, logger

# What to do about them: with files of one's own, and with those of a hub.
SKIP = (
    "replace or remove what is damaged, or set config key 'data.unreadable' to 'skip'"
)
FETCHED = (
    "set config key 'data.unreadable' to 'skip', or draw others by 'source.draw_seed'"
)
NAMED = 10  # in a sentence
NOTED = 5  # in what is written down


def leave_out_undecodable(
    files: ImageFiles, classes: Sequence[str], preparation: Preparation
) -> tuple[ImageFiles, list[dict[str, Any]]]:
    """Decode all images; return those for which that works, and a note on the others.

    Parameters
    ----------
    classes
        The names that the labels stand for.

    Returns
    -------
    files
        The images that can be decoded, in their order.
    left_out
        Empty, or one record with the keys reason, count, by_class and first.

    Raises
    ------
    UserError
        Where a class has no image left.
    """
    reasons = _undecodable([files], preparation)
    if not reasons:
        return files, []
    by_class = _by_class([files], reasons, classes)
    whole = Counter(classes[label] for label in files.labels)
    lost = [name for name, count in by_class.items() if count == whole[name]]
    if lost:
        raise UserError(
            f"none of the {whole[lost[0]]} images of class {_ascii(lost[0])} of"
            f" {files.folder} can be decoded; replace them, or remove the class"
        )
    names = [_ascii(name) for name in reasons]
    logger.warning(
        "%s: %d images are left out, as they cannot be decoded (%s): %s",
        files.folder,
        len(names),
        _counts(by_class),
        _listed(reasons, NAMED),
    )
    rows = (row for row, name in enumerate(files.names) if name not in reasons)
    note = {
        "reason": UNDECODABLE,
        "count": len(names),
        "by_class": by_class,
        "first": names[:NOTED],
    }
    return files.pick(rows), [note]


@contextlib.contextmanager
def naming_all_undecodable(
    lists: Iterable[ImageFiles],
    classes: Sequence[str],
    preparation: Preparation,
    remedy: str = SKIP,
) -> Iterator[None]:
    """Where one image cannot be decoded, look at all, and raise UserError for them.

    Parameters
    ----------
    lists
        All images that can be asked for, so that no others fail the next time.
    remedy
        What to do about them, as the end of a sentence.
    """
    try:
        yield
    except UndecodableImage as error:
        logger.info("%s; all images are looked at", error)
        lists = list(lists)
        reasons = _undecodable(lists, preparation)
        if not reasons:
            raise
        if len(reasons) == 1:
            raise UndecodableImage(error.path, error.reason, remedy) from None
        total = len({name for files in lists for name in files.names})
        counts = _counts(_by_class(lists, reasons, classes))
        raise UserError(
            f"{len(reasons)} of the {total} images of {lists[0].folder} cannot be"
            f" decoded ({counts}): {_listed(reasons, NAMED)}; {remedy}"
        ) from None


def _undecodable(
    lists: Iterable[ImageFiles], preparation: Preparation
) -> dict[str, str]:
    """Return the names of images that cannot be decoded, each with the reason."""
    folders = {name: files.folder for files in lists for name in files.names}

    def reason(name: str) -> str | None:
        how = preparation.size, preparation.interpolation, preparation.resize
        try:
            decode(folders[name] / name, *how)
        except UndecodableImage as error:
            return error.reason
        return None

    with ThreadPoolExecutor(DECODERS) as threads:
        found = zip(folders, threads.map(reason, folders), strict=True)
        return {name: why for name, why in found if why is not None}


def _by_class(
    lists: Iterable[ImageFiles], names: Iterable[str], classes: Sequence[str]
) -> dict[str, int]:
    label_of = {
        name: label
        for files in lists
        for name, label in zip(files.names, files.labels, strict=True)
    }
    labels = Counter(label_of[name] for name in names)
    return {classes[label]: labels[label] for label in sorted(labels)}


def _counts(by_class: dict[str, int]) -> str:
    words = [f"{_ascii(name)}: {count}" for name, count in by_class.items()]
    more = [f"and {len(words) - NAMED} more classes"] if len(words) > NAMED else []
    return ", ".join(words[:NAMED] + more)


def _listed(reasons: dict[str, str], count: int) -> str:
    words = [f"{_ascii(name)} ({why})" for name, why in reasons.items()]
    more = [f"and {len(words) - count} more"] if len(words) > count else []
    return ", ".join(words[:count] + more)


def _ascii(name: str) -> str:
    """Return a name that any terminal can print, in one line."""
    return ascii(name)[1:-1]

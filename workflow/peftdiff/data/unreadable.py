"""Image files that cannot be decoded: all are named at once, or all are left out."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from peftdiff.data.decoding import UNDECODABLE, UndecodableImage, decode
from peftdiff.data.files import ImageFiles
from peftdiff.data.left_out import LeftOut, printable, require_few_lost
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


def leave_out_undecodable(
    files: ImageFiles, classes: Sequence[str], preparation: Preparation
) -> tuple[ImageFiles, list[LeftOut]]:
    """Decode all images; return those for which that works, and what is left out.

    Parameters
    ----------
    classes
        The names that the labels stand for.

    Returns
    -------
    files
        The images that can be decoded, in their order.
    left_out
        The others.

    Raises
    ------
    UserError
        Where a class has no image left.
    """
    reasons = _undecodable([files], preparation)
    if not reasons:
        return files, []
    label_of = dict(zip(files.names, files.labels, strict=True))
    left_out = [LeftOut(name, UNDECODABLE, classes[label_of[name]]) for name in reasons]
    rows = [row for row, name in enumerate(files.names) if name not in reasons]
    kept = Counter(classes[files.labels[row]] for row in rows)
    require_few_lost(left_out, kept, str(files.folder), skip=True)
    return files.pick(rows), left_out


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
    words = [f"{printable(name)}: {count}" for name, count in by_class.items()]
    more = [f"and {len(words) - NAMED} more classes"] if len(words) > NAMED else []
    return ", ".join(words[:NAMED] + more)


def _listed(reasons: dict[str, str], count: int) -> str:
    words = [f"{printable(name)} ({why})" for name, why in reasons.items()]
    more = [f"and {len(words) - count} more"] if len(words) > count else []
    return ", ".join(words[:count] + more)

"""Source images from a dataset in many files: a few of each class, from few files.

The files are read in an order that the seed draws, until every class has its images;
these are then drawn from all the rows that were read. Of a dataset that was shuffled,
as ImageNet's files on the hub are, that is a draw from the whole.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from peftdiff.data.archives import require_space
from peftdiff.data.parquet import read_images
from peftdiff.records import replacing
from peftdiff.runtime import UserError, logger

ReadLabels = Callable[[str], tuple[list[str], tuple[str, ...] | None]]


@dataclass(frozen=True)
class Shard:
    """A file of a dataset, the class of each of its rows, and the rows drawn."""

    file: str
    labels: Sequence[str]
    rows: NDArray[np.int64]


def draw_from_shards(
    files: Sequence[str], read_labels: ReadLabels, shots: int, seed: int
) -> list[Shard]:
    """Draw `shots` images of every class from as few files as hold them.

    Parameters
    ----------
    files
        All files of the dataset, in any order.
    read_labels
        Returns the class of each row of a file, and the names of all classes where the
        file says them. Where it does not, all files are read.

    Returns
    -------
    list of Shard
        The files that were read, in the order of the reading.

    Raises
    ------
    UserError
        Naming a class of which all files have too few images.
    """
    random = np.random.default_rng(seed)
    read: dict[str, Sequence[str]] = {}
    counts: Counter[str] = Counter()
    classes: tuple[str, ...] | None = None
    for file in _shuffled(files, random):
        read[file], named = read_labels(file)
        if len(read) > 1 and named != classes:
            raise UserError(
                f"{file} has other classes than {next(iter(read))}; let config key"
                " 'source.hub.files' name files of one kind"
            )
        classes = named
        counts.update(read[file])
        done = sum(count >= shots for count in counts.values())
        logger.info(
            "%d of at most %d files read: %d of %s classes have %d images",
            *(len(read), len(files), done, len(classes or ()) or "unknown", shots),
        )
        if classes is not None and done == len(classes):
            break
    drawn = _draw(list(read.values()), classes or tuple(sorted(counts)), shots, random)
    return [
        Shard(file, labels, rows)
        for (file, labels), rows in zip(read.items(), drawn, strict=True)
    ]


def write_images(
    path: Path, shards: Sequence[Shard], cached: Mapping[str, Path], column: str
) -> None:
    """Write the drawn images below the folder of `path`, and their list to it.

    Parameters
    ----------
    cached
        Where each file of the dataset lies.
    column
        Its encoded images, which are kept as they are.

    Raises
    ------
    UserError
        Where the disk is too full, or a row has no image.
    """
    folder = path.parent
    shutil.rmtree(folder / "images", ignore_errors=True)
    shares = [
        cached[shard.file].stat().st_size * len(shard.rows) / max(1, len(shard.labels))
        for shard in shards
    ]
    require_space(path, int(sum(shares)), "keeping the images that were drawn")
    with (
        replacing(path) as draft,
        open(draft, "w", newline="", encoding="utf-8") as out,
    ):
        listed = csv.writer(out)
        listed.writerow(["path", "label"])
        for shard in shards:
            target = Path("images", shard.file)
            (folder / target).mkdir(parents=True)
            for row, content in read_images(
                cached[shard.file], column, shard.rows.tolist()
            ):
                (folder / target / f"{row:06d}").write_bytes(content)
                listed.writerow([target / f"{row:06d}", shard.labels[row]])
    logger.info("%d images of %d files", sum(len(s.rows) for s in shards), len(shards))


def _shuffled(files: Sequence[str], random: np.random.Generator) -> list[str]:
    in_order = sorted(files)
    return [in_order[number] for number in random.permutation(len(in_order))]


def _draw(
    labels: Sequence[Sequence[str]],
    classes: Sequence[str],
    shots: int,
    random: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """Return for each file the rows that are drawn from all files together."""
    numbers = {name: number for number, name in enumerate(classes)}
    codes = np.array([numbers[label] for part in labels for label in part], np.int64)
    by_class = np.split(
        np.argsort(codes, kind="stable"),
        np.cumsum(np.bincount(codes, minlength=len(classes)))[:-1],
    )
    drawn = []
    for name, own in zip(classes, by_class, strict=True):
        if len(own) < shots:
            raise UserError(
                f"class {name} has {len(own)} images in all {len(labels)} files of"
                f" config key 'source.hub.files', fewer than 'source.shots' wants"
                f" ({shots}); lower it, or name more files"
            )
        drawn.append(random.choice(own, shots, replace=False))
    places = np.sort(np.concatenate(drawn))
    ends = np.cumsum([len(part) for part in labels])
    parts = np.split(places, np.searchsorted(places, ends)[:-1])
    return [part - start for part, start in zip(parts, [0, *ends], strict=False)]

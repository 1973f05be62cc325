"""A few source images of each class, from as few files of a large dataset as hold them.

The files (shards) are read in a random order until every class has enough images; these
are then drawn from all the rows that were read. If the dataset was shuffled, as
ImageNet's on the hub was, that is a random sample of the whole.
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
        Returns the class of each row of a file, and the names of all classes if the
        file has them. If it does not, all files are read.

    Returns
    -------
    list of Shard
        The files that were read, in the order in which they were.

    Raises
    ------
    UserError
        Naming a class of which all files together have too few images.
    """
    random = np.random.default_rng(seed)
    read: dict[str, Sequence[str]] = {}
    counts: Counter[str] = Counter()
    classes: tuple[str, ...] | None = None
    for file in _shuffled(files, random):
        read[file], classes_of_file = read_labels(file)
        if len(read) > 1 and classes_of_file != classes:
            raise UserError(
                f"{file} has other classes than {next(iter(read))}; let config key"
                " 'source.hub.files' name files of one kind"
            )
        classes = classes_of_file
        counts.update(read[file])
        complete = sum(count >= shots for count in counts.values())
        logger.info(
            "%d of at most %d files read: %d of %s classes have %d images",
            len(read),
            len(files),
            complete,
            len(classes or ()) or "unknown",
            shots,
        )
        if classes is not None and complete == len(classes):
            break
    drawn = _draw_rows(
        list(read.values()), classes or tuple(sorted(counts)), shots, random
    )
    return [
        Shard(file, labels, rows)
        for (file, labels), rows in zip(read.items(), drawn, strict=True)
    ]


def write_images(
    path: Path, shards: Sequence[Shard], cached: Mapping[str, Path], column: str
) -> None:
    """Write the list of the drawn images to `path`, and the images beside it.

    Parameters
    ----------
    cached
        The path of each file of the dataset.
    column
        Name of the column of encoded images, which are kept as they are.

    Raises
    ------
    UserError
        Where the disk is too full, or a row has no image.
    """
    folder = path.parent
    shutil.rmtree(folder / "images", ignore_errors=True)
    expected_sizes = [
        cached[shard.file].stat().st_size * len(shard.rows) / max(1, len(shard.labels))
        for shard in shards
    ]
    purpose = "keeping the images that were drawn"
    require_space(path, int(sum(expected_sizes)), purpose)
    with (
        replacing(path) as draft,
        open(draft, "w", newline="", encoding="utf-8") as file,
    ):
        listing = csv.writer(file)
        listing.writerow(["path", "label"])
        for shard in shards:
            target = Path("images", shard.file)
            (folder / target).mkdir(parents=True)
            for row, content in read_images(
                cached[shard.file], column, shard.rows.tolist()
            ):
                (folder / target / f"{row:06d}").write_bytes(content)
                listing.writerow([target / f"{row:06d}", shard.labels[row]])
    logger.info("%d images of %d files", sum(len(s.rows) for s in shards), len(shards))


def _shuffled(files: Sequence[str], random: np.random.Generator) -> list[str]:
    in_order = sorted(files)
    return [in_order[number] for number in random.permutation(len(in_order))]


def _draw_rows(
    labels_by_file: Sequence[Sequence[str]],
    classes: Sequence[str],
    shots: int,
    random: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """Draw from all files together; return the rows drawn from each file."""
    code_of = {name: code for code, name in enumerate(classes)}
    codes = np.array(
        [code_of[label] for labels in labels_by_file for label in labels], np.int64
    )
    by_class = np.split(
        np.argsort(codes, kind="stable"),
        np.cumsum(np.bincount(codes, minlength=len(classes)))[:-1],
    )
    drawn = []
    for name, members in zip(classes, by_class, strict=True):
        if len(members) < shots:
            raise UserError(
                f"class {name} has {len(members)} images in all {len(labels_by_file)}"
                f" files of config key 'source.hub.files', fewer than 'source.shots'"
                f" wants ({shots}); lower it, or name more files"
            )
        drawn.append(random.choice(members, shots, replace=False))
    # Rows counted through all files become rows of each file.
    overall = np.sort(np.concatenate(drawn))
    ends = np.cumsum([len(labels) for labels in labels_by_file])
    by_file = np.split(overall, np.searchsorted(overall, ends)[:-1])
    return [rows - start for rows, start in zip(by_file, [0, *ends], strict=False)]

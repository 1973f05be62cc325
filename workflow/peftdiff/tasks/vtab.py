"""VTAB-1k (Zhai et al. 2019) as it is distributed: 19 folders of image files.

A folder holds the lists `train800.txt`, `val200.txt`, `train800val200.txt` and
`test.txt`, whose lines are `images/<split>/<number>.jpg <label>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from peftdiff.data.files import ImageFiles, file_checksum
from peftdiff.runtime import UserError
from peftdiff.tasks.kinds import VtabTask

TRAIN, TEST = "train800val200", "test"
COUNTS = {"train800": 800, "val200": 200, TRAIN: 1000}

VTAB_TASKS = [
    VtabTask("caltech101", "Caltech101", "natural", 102, 6084),
    VtabTask("cifar", "CIFAR-100", "natural", 100, 10_000, ("cifar100",)),
    VtabTask("dtd", "DTD", "natural", 47, 1880),
    VtabTask("oxford_flowers102", "Flowers102", "natural", 102, 6149),
    VtabTask("oxford_iiit_pet", "Pets", "natural", 37, 3669, ("oxford_pet",)),
    VtabTask("svhn", "SVHN", "natural", 10, 26_032),
    VtabTask("sun397", "SUN397", "natural", 397, 21_750),
    VtabTask("patch_camelyon", "Camelyon", "specialized", 2, 32_768),
    VtabTask("eurosat", "EuroSAT", "specialized", 10, 5400),
    VtabTask("resisc45", "Resisc45", "specialized", 45, 6300),
    VtabTask("diabetic_retinopathy", "Retinopathy", "specialized", 5, 42_670),
    VtabTask("clevr_count", "Clevr-Count", "structured", 8, 15_000),
    VtabTask("clevr_dist", "Clevr-Dist", "structured", 6, 15_000),
    VtabTask("dmlab", "DMLab", "structured", 6, 22_735),
    VtabTask("kitti", "KITTI-Dist", "structured", 4, 711),
    VtabTask("dsprites_loc", "dSpr-Loc", "structured", 16, 73_728),
    VtabTask("dsprites_ori", "dSpr-Ori", "structured", 16, 73_728),
    VtabTask("smallnorb_azi", "sNORB-Azim", "structured", 18, 12_150),
    VtabTask("smallnorb_ele", "sNORB-Elev", "structured", 9, 12_150),
]


def existing_lists(root: str | Path, task: VtabTask) -> list[Path]:
    """Return those lists of a task that are there, below a given `root`.

    Raises
    ------
    UserError
        Where several folders could be the task's.
    """
    folder = task_folder(root, task)
    lists = [folder / f"{name}.txt" for name in (*COUNTS, TEST)] if folder else []
    return [path for path in lists if path.exists()]


def task_folder(root: str | Path, task: VtabTask) -> Path | None:
    """Return a task's folder in `root` or in a subfolder of it, None if there is none.

    Raises
    ------
    UserError
        Where several folders could be the task's.
    """
    root = Path(root)
    names = (task.slug, *task.aliases)
    subfolders = sorted(path for path in root.glob("*") if path.is_dir())
    for parents in ([root], subfolders):
        found = [p / name for p in parents for name in names if (p / name).is_dir()]
        if len(found) > 1:
            raise UserError(
                f"{found[0]} and {found[1]} could both be the task {task.slug};"
                " move one of them away"
            )
        if found:
            return found[0]
    return None


def read_task(
    folder: Path, task: VtabTask
) -> tuple[dict[str, ImageFiles], dict[str, str]]:
    """Return the files of each list of a task, and the lists' SHA-256.

    Raises
    ------
    UserError
        Where a list is missing, does not have its published length, or has a line that
        is not an image of this folder with a label of this task.
    """
    lists = {}
    for name, count in {**COUNTS, TEST: task.test_images}.items():
        path = folder / f"{name}.txt"
        files = _read_list(path, task)
        if len(files.labels) != count:
            raise UserError(
                f"{path} lists {len(files.labels)} images, VTAB-1k's {task.slug} has"
                f" {count}; get a complete copy of this task"
            )
        lists[name] = files
    return lists, {name: file_checksum(folder / f"{name}.txt") for name in lists}


def holds_out_val200(lists: Mapping[str, ImageFiles]) -> bool:
    """Return whether the last 200 training images are those of val200.

    In VTAB-1k as published, train800val200 lists the images of train800 and then those
    of val200, so that holding out the last fifth gives VTAB's own validation split. The
    files are compared byte by byte.
    """
    joined = _entries(lists[TRAIN])
    separate = [*_entries(lists["train800"]), *_entries(lists["val200"])]
    return all(
        label == other_label and path.read_bytes() == other_path.read_bytes()
        for (path, label), (other_path, other_label) in zip(
            joined, separate, strict=True
        )
    )


def _entries(files: ImageFiles) -> Iterator[tuple[Path, int]]:
    for name, label in zip(files.names, files.labels, strict=True):
        yield files.folder / name, label


def _read_list(path: Path, task: VtabTask) -> ImageFiles:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise UserError(
            f"{path} is missing; get a complete copy of the task {task.slug}"
        ) from None
    except UnicodeDecodeError:
        raise UserError(
            f"{path} is not a text file; get a complete copy of the task {task.slug}"
        ) from None
    names, labels = [], []
    for number, line in enumerate(lines, 1):
        name, _, word = line.strip().rpartition(" ")
        if not name or not word.isdecimal() or _leads_out(name):
            raise UserError(
                f"line {number} of {path} is {line[:80]!r}; it must be an image below"
                " this folder and a label"
            )
        if int(word) >= task.classes:
            raise UserError(
                f"line {number} of {path} has the label {word}; the labels of"
                f" {task.slug} are 0 to {task.classes - 1}"
            )
        names.append(name)
        labels.append(int(word))
    return ImageFiles(path.parent, names, labels)


def _leads_out(name: str) -> bool:
    """Return whether a path leads out of the folder that it is relative to."""
    return name.startswith("/") or ".." in name.split("/")

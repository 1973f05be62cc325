"""A small VTAB-1k: right folders, lists and counts, few and tiny images."""

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from peftdiff.tasks import TASKS, VtabTask
from peftdiff.tasks.vtab import COUNTS, TEST

ALL = [task.slug for task in TASKS.values() if isinstance(task, VtabTask)]


def make(root, tasks=ALL, distinct=3):
    """Fill `root` with folders of tasks; a list names `distinct` images in turn.

    Where a task's folder has another name somewhere, it has that name here.
    """
    for slug in tasks:
        task = TASKS[slug]
        folder = Path(root, task.aliases[0] if task.aliases else slug)
        for split, count in {**COUNTS, TEST: task.test_images}.items():
            _make_split(folder, split, count, task.classes, distinct)
    return Path(root)


def _make_split(folder, split, count, classes, distinct):
    rng = np.random.default_rng(len(split))
    (folder / "images" / split).mkdir(parents=True)
    few = min(count, distinct)
    for number in range(few):
        level = 250 * (number % classes) // classes
        pixels = rng.integers(level // 2, level // 2 + 120, (10, 12, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "images" / split / f"{number:06d}.jpg")
    lines = (
        f"images/{split}/{i % few:06d}.jpg {i % few % classes}\n" for i in range(count)
    )
    (folder / f"{split}.txt").write_text("".join(lines))


def pack(root, archive, top="vtab-1k"):
    """Zip a folder, below the folder `top` of the archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(Path(root).rglob("*")):
            opened.write(path, Path(top, path.relative_to(root)))
    return Path(archive)

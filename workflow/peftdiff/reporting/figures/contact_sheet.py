"""Sample images of a task, one row per class."""

import math
import textwrap
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from peftdiff.reporting.figures import style
from peftdiff.reporting.figures.lettering import legible
from peftdiff.reporting.labels import group_label, task_group, task_label

LARGEST_CELL = 16.0
SMALLEST_CELL = 8.0
PAGE_HEIGHT = 240.0
"""Height in mm of all rows together, unless a row gets lower than SMALLEST_CELL."""

PIXEL = 25.4 / style.RC["savefig.dpi"]
GAP = 6 * PIXEL
TITLE_HEIGHT = 72 * PIXEL
PER_CLASS = 10
"""Images in a row."""

MOST_CLASSES = 60
"""Classes that are shown; if there are more, the first ones."""

LONGEST_LINE = 18
"""Characters after which a class's name continues in a second line."""


@style.context()
def draw(
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    task: str,
) -> Figure:
    """Draw the first ten images of each class.

    Parameters
    ----------
    images
        RGB images (n x height x width x 3), uint8. Small ones are enlarged by a whole
        number at the style's resolution, so that their pixels stay sharp and equal.
    labels, class_names
        Classes (n), and a name for each of them. A class without images is noted, and
        so are classes that are left out, where there are too many for a page.
    task
        Slug of the task, whose label and group are the title.

    Raises
    ------
    ValueError
        If images or labels do not fit the description.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    _check(images, labels, class_names)
    shown, matplotlib.rcParams["font.family"] = legible(class_names[:MOST_CLASSES])
    names = [textwrap.fill(name, LONGEST_LINE) for name in shown]
    longest = max(len(line) for name in names for line in name.splitlines())
    left = 4 + style.CHARACTER_WIDTH * longest
    cell = _cell_size(images.shape[1:3], len(names), style.WIDTH - left)
    height = TITLE_HEIGHT + len(names) * (cell + GAP)
    figure, sheet = _empty_sheet(left + PER_CLASS * (cell + GAP), height)
    left_out = len(class_names) - len(shown)
    note = f"first {len(shown)} of {len(class_names)} classes" if left_out else ""
    _write_title(sheet, left, task, note)
    for label, name in enumerate(names):
        top = TITLE_HEIGHT + label * (cell + GAP)
        middle = top + cell / 2
        text = sheet.text(left - 2, middle, name, ha="right", va="center")
        text.set_parse_math(False)
        _draw_row(sheet, images[labels == label][:PER_CLASS], left, top, cell)
    return figure


@style.context()
def draw_note(text: str, task: str) -> Figure:
    """Draw a sheet that says why it shows no images."""
    figure, sheet = _empty_sheet(style.WIDTH, 2 * TITLE_HEIGHT)
    _write_title(sheet, 4, task, "")
    sheet.text(4, 1.5 * TITLE_HEIGHT, text, va="center", color=style.GREY)
    return figure


def _check(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> None:
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
        raise ValueError(
            "a contact sheet takes images of shape (n, height, width, 3) and type "
            f"uint8, not {images.shape} and {images.dtype}"
        )
    if labels.shape != images.shape[:1] or not len(labels):
        raise ValueError(
            f"a contact sheet needs one label per image and at least one image: there "
            f"are {len(images)} images, and labels of shape {labels.shape}"
        )
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise ValueError(
            f"the labels run from {labels.min()} to {labels.max()}, "
            f"but there are {len(class_names)} class names"
        )


def _cell_size(image_shape: Sequence[int], rows: int, width: float) -> float:
    """Return the side in mm of the square that an image is fitted into."""
    side = min(width / PER_CLASS - GAP, PAGE_HEIGHT / rows - GAP, LARGEST_CELL)
    side = max(side, SMALLEST_CELL)
    image = max(image_shape) * PIXEL
    if image > side:
        return side
    return max(side // image, math.ceil(SMALLEST_CELL / image)) * image


def _write_title(sheet: Axes, left: float, task: str, note: str) -> None:
    title = sheet.text(left, TITLE_HEIGHT / 2, task_label(task), va="center")
    title.set(fontsize=9, fontweight="bold")
    sheet.annotate(
        "   ".join(filter(None, (group_label(task_group(task)), note))),
        xy=(1, 0.5),
        xycoords=title,
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=style.GREY,
    )


def _empty_sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure and axes that fill it, in mm from the upper left corner."""
    # Without a layout engine, so that cells are a whole number of pixels.
    figure = Figure(figsize=(width / 25.4, height / 25.4))
    sheet = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    sheet.axis("off")
    return figure, sheet


def _draw_row(
    sheet: Axes, row: np.ndarray, left: float, top: float, cell: float
) -> None:
    """Draw one class's images side by side, or note that there is none."""
    for column, image in enumerate(row):
        _draw_image(sheet, image, left + column * (cell + GAP), top, cell)
    if not len(row):
        sheet.text(left, top + cell / 2, "no image", va="center", color=style.GREY)


def _draw_image(
    sheet: Axes, image: np.ndarray, x: float, y: float, cell: float
) -> None:
    """Draw an image with its upper left corner at (x, y), its longer side ``cell``."""
    height, width = cell * np.array(image.shape[:2]) / max(image.shape[:2])
    shrunk = cell < max(image.shape[:2]) * PIXEL
    sheet.imshow(
        image,
        extent=(x, x + width, y + height, y),
        interpolation="hanning" if shrunk else "nearest",
        aspect="auto",
    )

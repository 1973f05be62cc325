"""The first two diffusion coordinates of one task's embeddings, colored by class.

The coordinates belong to the second and third eigenvalue; the first is the same for all
images. Classes are named at their medians, in the color of their points, as twenty
colors cannot be matched with a legend by eye. Where names would cover their points,
letters replace them, with a key below.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

import matplotlib
import matplotlib.patheffects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from peftdiff.reporting.figures import style
from peftdiff.reporting.figures.lettering import legible
from peftdiff.reporting.figures.placement import place_boxes

CHARACTERS_IN_PANEL = 60
"""If all names together are longer than this, letters and a key replace them."""
NOTE_CHARACTERS = 32


def draw(diffusion_map: Mapping[str, np.ndarray]) -> Figure:
    """Draw the panels that were computed for one task.

    Parameters
    ----------
    diffusion_map
        The arrays of ``diffusion_map.npz``: panels (p titles), coordinates
        (p x n x 2), labels (n), class_names, title; and notes (p texts): where one is
        not empty, it says why the panel has no coordinates.
    """
    titles = [str(name) for name in diffusion_map["panels"]]
    notes = [str(note) for note in diffusion_map.get("notes", [""] * len(titles))]
    contents = [
        note or points
        for note, points in zip(notes, diffusion_map["coordinates"], strict=True)
    ]
    return draw_panels(
        dict(zip(titles, contents, strict=True)),
        diffusion_map["labels"],
        [str(name) for name in diffusion_map["class_names"]],
        str(diffusion_map["title"]),
    )


@style.context()
def draw_panels(
    coordinates: Mapping[str, np.ndarray | str],
    labels: np.ndarray,
    class_names: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw embeddings side by side.

    Parameters
    ----------
    coordinates
        Diffusion coordinates (n x 2) by panel title, e.g. "Backbone", "FacT-TK (best,
        77.9 %)"; every panel shows the same n images. A text in their place says why
        there are none, and stands in the panel.
    labels
        Classes (n), 0 to len(class_names) - 1.
    class_names
        A name per class. With more than twenty classes, colors repeat and no class is
        named.
    title
        Title of all panels: the task.

    Raises
    ------
    ValueError
        If there is no panel, or a panel has no image, or shapes or labels do not fit,
        or a coordinate is not finite.
    """
    clouds = {
        name: np.asarray(points, float)
        for name, points in coordinates.items()
        if not isinstance(points, str)
    }
    labels = np.asarray(labels)
    if not coordinates:
        raise ValueError("a diffusion map needs at least one panel")
    if clouds:
        _check(clouds, labels, class_names)
    class_names, matplotlib.rcParams["font.family"] = legible(class_names)
    figure, all_panels = _panels(list(coordinates), title, class_names)
    for panel, content in zip(all_panels, coordinates.values(), strict=True):
        if isinstance(content, str):
            _write(panel, content)
    panels = [p for p in all_panels if p.get_title() in clouds]
    for panel, points in zip(panels, clouds.values(), strict=True):
        _draw_points(panel, points, labels)
    if len(class_names) <= len(style.CLASS_COLORS):
        # Names are placed in the final layout, which therefore must not change again.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for panel, points in zip(panels, clouds.values(), strict=True):
            _name_classes(panel, points, labels, class_names)
    return figure


def _check(
    clouds: Mapping[str, np.ndarray], labels: np.ndarray, class_names: Sequence[str]
) -> None:
    if labels.size == 0:
        raise ValueError("a diffusion map needs at least one image")
    for name, points in clouds.items():
        if points.shape != (len(labels), 2):
            raise ValueError(
                f"the coordinates of panel {name!r} have the shape {points.shape}, "
                f"but {len(labels)} labels call for ({len(labels)}, 2)"
            )
        if not np.isfinite(points).all():
            raise ValueError(f"the coordinates of panel {name!r} hold NaN or infinity")
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise ValueError(
            f"the labels run from {labels.min()} to {labels.max()}, "
            f"but there are {len(class_names)} class names"
        )


def _panels(
    names: Sequence[str], title: str, class_names: Sequence[str]
) -> tuple[Figure, list[Axes]]:
    """Return a figure with square panels, a title and, if needed, the classes' key."""
    width = min(style.WIDTH, 90 * len(names))
    keyed = _needs_key(class_names)
    longest = max(map(len, class_names), default=0)
    key_columns = max(1, int(width / (11 + style.CHARACTER_WIDTH * (longest + 3))))
    key_rows = math.ceil(len(class_names) / key_columns) if keyed else 0
    side = width / len(names) - 13
    figure = style.figure(side + 18 + (7 if title else 0) + 4.5 * key_rows, width)
    panels = list(figure.subplots(1, len(names), squeeze=False)[0])
    for panel, name in zip(panels, names, strict=True):
        panel.set_title(name)
        panel.set_box_aspect(1)
    if title:
        figure.suptitle(title, fontweight="bold")
    if keyed:
        key = figure.legend(
            [Line2D([], [], **_dot(c)) for c in range(len(class_names))],
            [f"{ascii_uppercase[c]}  {name}" for c, name in enumerate(class_names)],
            loc="outside lower center",
            ncols=key_columns,
        )
        for text in key.get_texts():
            text.set_parse_math(False)
    return figure, panels


def _needs_key(class_names: Sequence[str]) -> bool:
    characters = sum(map(len, class_names))
    nameable = len(class_names) <= len(style.CLASS_COLORS)
    return nameable and characters > CHARACTERS_IN_PANEL


def _dot(label: int) -> dict[str, Any]:
    return {
        "marker": "o",
        "markersize": 5,
        "markeredgecolor": "none",
        "color": style.CLASS_COLORS[label],
        "linestyle": "none",
    }


def _write(panel: Axes, note: str) -> None:
    """Write into a panel why it shows no points."""
    panel.set(xticks=[], yticks=[])
    lines = textwrap.fill(note, NOTE_CHARACTERS)
    panel.text(0.5, 0.5, lines, ha="center", va="center", transform=panel.transAxes)


def _draw_points(panel: Axes, points: np.ndarray, labels: np.ndarray) -> None:
    """Draw the cloud, and state how many points lie outside the limits."""
    # A fixed shuffle, so that no class covers the others.
    order = np.random.default_rng(0).permutation(len(labels))
    colors = np.array([to_rgb(color) for color in style.CLASS_COLORS])
    panel.scatter(
        points[order, 0],
        points[order, 1],
        c=colors[labels[order] % len(colors)],
        s=5,
        linewidths=0,
        alpha=0.75,
        rasterized=True,
    )
    limits = np.stack([robust_limits(points[:, k], labels) for k in range(2)])
    panel.set(xlim=limits[0], ylim=limits[1], ylabel="ψ₂")
    outside = ((points < limits[:, 0]) | (points > limits[:, 1])).any(axis=1).sum()
    panel.set_xlabel(f"ψ₁ ({outside} outside)" if outside else "ψ₁")
    panel.locator_params(nbins=4)
    panel.ticklabel_format(scilimits=(-2, 3), useMathText=True)


def robust_limits(values: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return axis limits that show most points, without outliers.

    They extend beyond the 5th and 95th percentile by half the distance between them,
    but no farther than the values, and include the median of every class of at least
    five images.
    """
    lower, upper = np.percentile(values, [5, 95])
    reach = (upper - lower) / 2
    medians = [
        np.median(values[labels == label])
        for label, count in zip(*np.unique(labels, return_counts=True), strict=True)
        if count >= 5
    ]
    low = min([max(lower - reach, values.min()), *medians])
    high = max([min(upper + reach, values.max()), *medians])
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def _name_classes(
    panel: Axes, points: np.ndarray, labels: np.ndarray, class_names: Sequence[str]
) -> None:
    """Write each class's name at its median, or beside it with a thin line to it."""
    keyed = _needs_key(class_names)
    present = np.unique(labels)
    names = ascii_uppercase if keyed else class_names
    texts = [panel.text(0, 0, names[c], **_look(c, keyed)) for c in present]
    frame = panel.get_window_extent()
    low, high = np.array(frame.min), np.array(frame.max)
    medians = np.stack([np.median(points[labels == c], axis=0) for c in present])
    anchors = np.clip(panel.transData.transform(medians), low, high)
    boxes = [text.get_window_extent() for text in texts]
    sizes = np.array([[box.width, box.height] for box in boxes]) + (6 if keyed else 2)
    centers = place_boxes(anchors, sizes, low, high)
    to_data = panel.transData.inverted()
    for c, text, *line in zip(present, texts, anchors, centers, strict=True):
        text.set_position(tuple(to_data.transform(line[1])))
        color = style.CLASS_COLORS[c]
        x, y = to_data.transform(line).T
        panel.plot(x, y, color=color, linewidth=0.9, zorder=3)


def _look(label: int, keyed: bool) -> dict[str, Any]:
    """Return the text properties of a class's name, or of its letter."""
    color = style.CLASS_COLORS[label]
    look: dict[str, Any] = {
        "fontweight": "bold",
        "ha": "center",
        "va": "center",
        "zorder": 4,
        "parse_math": False,
    }
    if keyed:
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": color}
        return look | {"color": style.INK, "bbox": box | {"linewidth": 1.2}}
    halo = matplotlib.patheffects.withStroke(linewidth=2, foreground="white")
    darker = tuple(0.75 * np.array(to_rgb(color)))
    return look | {"color": darker, "path_effects": [halo]}

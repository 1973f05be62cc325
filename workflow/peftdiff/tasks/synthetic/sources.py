"""The two source data sets: A for the backbone, B for the methods.

An image of A shows one shape with a patterned fill on a faintly textured ground, and
has four targets. B has shapes and fills that A has not, and one label for each pair.
"""

from collections.abc import Sequence

import numpy as np

from peftdiff.tasks.synthetic.canvas import (
    Floats,
    Ints,
    blend,
    choose,
    distant_colors,
    filled,
    over_pixels,
    random_colors,
    second_tone,
    uniform,
    uniform_in,
    with_noise,
)
from peftdiff.tasks.synthetic.generation import LabeledImages, SourceImages, generate
from peftdiff.tasks.synthetic.patterns import (
    BACKGROUNDS,
    Texture,
    background,
    blob,
    checker,
    noise,
    rings,
    solid,
    stripes,
    textured,
)
from peftdiff.tasks.synthetic.shapes import (
    SOURCE_SHAPES,
    UNSEEN_SHAPES,
    Shape,
    shape_masks,
)

RADIUS = (0.5, 0.9)
ROTATION = (-0.4, 0.4)
COLOR_DISTANCE = 0.6
GROUND_CONTRAST = (0.06, 0.14)
NOISE = 0.04

SOURCE_FILLS: dict[str, Texture] = {
    "solid": solid,
    "stripes": stripes,
    "checker": checker,
    "blob": blob,
}
UNSEEN_FILLS: dict[str, Texture] = {"rings": rings, "noise": noise}


def _scenes(
    rng: np.random.Generator,
    shapes: Sequence[Shape],
    shape: Ints,
    fills: Sequence[Texture],
    fill: Ints,
) -> tuple[Floats, Ints, Floats]:
    """Return images of the given shapes and fills, their backgrounds and colors."""
    count = len(shape)
    kinds = choose(rng, len(BACKGROUNDS), count)
    ground = random_colors(rng, count)
    color = distant_colors(rng, ground, COLOR_DISTANCE)
    radius = uniform_in(rng, RADIUS, count)
    center_x, center_y = (1 - radius) * uniform(rng, -1, 1, 2, count)
    angle = uniform_in(rng, ROTATION, count)
    mask = shape_masks(shapes, shape, center_x, center_y, radius, angle)
    pattern = textured(rng, fills, fill)
    figure = blend(filled(second_tone(color)), over_pixels(color), pattern)
    images = blend(background(rng, ground, kinds, GROUND_CONTRAST), figure, mask)
    return with_noise(rng, images, NOISE), kinds, color


def draw_pretraining(
    rng: np.random.Generator, count: int, _split: str
) -> tuple[Floats, Ints]:
    """Draw images of source A and their targets (n, 4)."""
    shape = choose(rng, len(SOURCE_SHAPES), count)
    fill = choose(rng, len(SOURCE_FILLS), count)
    shapes, fills = list(SOURCE_SHAPES.values()), list(SOURCE_FILLS.values())
    images, kinds, color = _scenes(rng, shapes, shape, fills, fill)
    red, green, blue = (color > 0.5).astype(np.int64).T
    return images, np.stack([shape, fill, kinds, 4 * red + 2 * green + blue], axis=1)


def draw_method_source(
    rng: np.random.Generator, count: int, _split: str
) -> tuple[Floats, Ints]:
    """Draw images of source B and their labels (n,), 2 * shape + fill."""
    label = choose(rng, len(UNSEEN_SHAPES) * len(UNSEEN_FILLS), count)
    shape, fill = np.divmod(label, len(UNSEEN_FILLS))
    shapes, fills = list(UNSEEN_SHAPES.values()), list(UNSEEN_FILLS.values())
    images, _, _ = _scenes(rng, shapes, shape, fills, fill)
    return images, label


def pretraining_source(size: int) -> SourceImages:
    """Return the first `size` images of source A.

    Targets: shape, fill, background texture, and the octant of the color cube in which
    the shape's color lies.
    """
    images, targets = generate(draw_pretraining, "pretraining", "train", size)
    names = ("shape", "fill", "background", "color")
    classes = (len(SOURCE_SHAPES), len(SOURCE_FILLS), len(BACKGROUNDS), 8)
    return SourceImages(images, targets, names, classes)


def method_source(size: int) -> LabeledImages:
    """Return the first `size` images of source B."""
    images, labels = generate(draw_method_source, "method source", "train", size)
    names = tuple(
        f"{shape}, {fill}" for shape in UNSEEN_SHAPES for fill in UNSEEN_FILLS
    )
    return LabeledImages(images, labels, names)

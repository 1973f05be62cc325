"""Count (8 classes): how many small shapes of several colors and kinds are there."""

import numpy as np

from peftdiff.tasks.synthetic.canvas import (
    Floats,
    Ints,
    blend,
    choose,
    distant_colors,
    over_pixels,
    random_colors,
    shuffled,
    uniform,
    uniform_in,
    with_noise,
)
from peftdiff.tasks.synthetic.patterns import BACKGROUNDS, background
from peftdiff.tasks.synthetic.shapes import SOURCE_SHAPES, shape_masks

LARGEST = 8
GRID = 3
SPACING = 0.63
JITTER = 0.08
RADIUS = (0.18, 0.26)
COLOR_DISTANCE = 0.6
GROUND_CONTRAST = (0.03, 0.08)
NOISE = 0.03
KINDS = ("disc", "triangle", "square", "star5", "cross")

CLASSES = tuple(str(number + 1) for number in range(LARGEST))


def draw(rng: np.random.Generator, count: int, _split: str) -> tuple[Floats, Ints]:
    """Draw images and their labels."""
    label = choose(rng, LARGEST, count)
    rank = shuffled(rng, count, GRID * GRID)
    ground = random_colors(rng, count)
    kinds = choose(rng, len(BACKGROUNDS), count)
    images = background(rng, ground, kinds, GROUND_CONTRAST)
    shapes = [SOURCE_SHAPES[kind] for kind in KINDS]
    for place in range(GRID * GRID):
        rows = np.flatnonzero(rank[:, place] <= label)
        shift_x, shift_y = uniform(rng, -JITTER, JITTER, 2, rows.size)
        mask = shape_masks(
            shapes,
            choose(rng, len(KINDS), rows.size),
            SPACING * (place % GRID - 1) + shift_x,
            SPACING * (place // GRID - 1) + shift_y,
            uniform_in(rng, RADIUS, rows.size),
            uniform(rng, 0, 2 * np.pi, rows.size),
        )
        color = over_pixels(distant_colors(rng, ground[rows], COLOR_DISTANCE))
        images[rows] = blend(images[rows], color, mask)
    return with_noise(rng, images, NOISE), label

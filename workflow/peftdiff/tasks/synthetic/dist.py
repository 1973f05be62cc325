"""Distance (6 classes): how far away is the nearest object on a plane.

A pinhole camera above a plane: at depth z the plane is seen a height 1.15 / z below the
horizon, and sizes shrink with 1 / z. One to three objects stand on it.
"""

from functools import partial
from itertools import pairwise

import numpy as np

from peftdiff.tasks.synthetic.canvas import (
    Floats,
    Ints,
    blend,
    choose,
    coordinates,
    distant_colors,
    filled,
    over_pixels,
    sigmoid,
    uniform,
    uniform_in,
    with_noise,
)
from peftdiff.tasks.synthetic.shapes import (
    EDGE_SHARPNESS,
    disc,
    polygon,
    shape_masks,
    square,
)

DEPTH_EDGES = np.array([1.1, 1.5, 2.0, 2.5, 3.1, 3.9, 5.0])
OBJECTS = 3
CAMERA_HEIGHT = 1.15
SIZES = (0.55, 0.75)
HORIZON = (-0.45, -0.1)
ACROSS = 0.75
SKY, GROUND = np.array([0.62, 0.72, 0.82]), np.array([0.45, 0.42, 0.34])
COLOR_JITTER = 0.08
COLOR_DISTANCE = 0.5
NOISE = 0.04

# How far below its center a shape's lowest point lies, in radii.
FEET = np.array([0.75, 0.9, 0.5])
SHAPES = (square, disc, partial(polygon, corners=3))
CLASSES = tuple(f"{low}-{high}" for low, high in pairwise(DEPTH_EDGES))


def depths(rng: np.random.Generator, count: int) -> tuple[Ints, Floats]:
    """Return labels (n,) and the objects' depths (n, 3), farthest first.

    An object that is not there is infinitely far away.
    """
    label = choose(rng, len(CLASSES), count)
    low, high = DEPTH_EDGES[label], DEPTH_EDGES[label + 1]
    nearest = low + (high - low) * rng.random(count)
    others = nearest + (DEPTH_EDGES[-1] - nearest) * rng.random((OBJECTS - 1, count))
    absent = np.arange(OBJECTS - 1)[:, None] >= choose(rng, OBJECTS, count)
    others[absent] = np.inf
    return label, np.stack([*-np.sort(-others, axis=0), nearest], axis=1)


def _scenery(rng: np.random.Generator, horizon: Floats) -> tuple[Floats, Floats]:
    """Return images of sky above ground, and the ground's colors (n, 3)."""
    count = len(horizon)
    sky = SKY + COLOR_JITTER * rng.standard_normal((count, 3))
    ground = GROUND + COLOR_JITTER * rng.standard_normal((count, 3))
    _, y = coordinates(count)
    below = sigmoid(EDGE_SHARPNESS * (y - over_pixels(horizon)))
    return blend(filled(sky), over_pixels(ground), below), ground


def draw(rng: np.random.Generator, count: int, _split: str) -> tuple[Floats, Ints]:
    """Draw images and their labels."""
    label, depth = depths(rng, count)
    horizon = uniform_in(rng, HORIZON, count)
    images, ground = _scenery(rng, horizon)
    for z in depth.T:
        rows = np.flatnonzero(np.isfinite(z))
        kinds = choose(rng, len(SHAPES), rows.size)
        radius = uniform_in(rng, SIZES, rows.size) / z[rows]
        foot = horizon[rows] + CAMERA_HEIGHT / z[rows]
        mask = shape_masks(
            SHAPES,
            kinds,
            uniform(rng, -ACROSS, ACROSS, rows.size),
            foot - FEET[kinds] * radius,
            radius,
            np.zeros(rows.size),
        )
        color = over_pixels(distant_colors(rng, ground[rows], COLOR_DISTANCE))
        images[rows] = blend(images[rows], color, mask)
    return with_noise(rng, images, NOISE), label

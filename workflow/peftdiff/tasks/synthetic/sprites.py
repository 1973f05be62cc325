"""Sprites: white shapes on black with the factors of dSprites (Matthey et al. 2017).

Three shapes (square, ellipse, heart), six scales, forty orientations around the circle,
32 x 32 positions. The shapes' centroids lie at their positions.
"""

from dataclasses import dataclass

import numpy as np

from peftdiff.tasks.synthetic.canvas import (
    Floats,
    Ints,
    blend,
    choose,
    filled,
    over_pixels,
)
from peftdiff.tasks.synthetic.shapes import ellipse, shape_masks, square

SCALES = 6
ORIENTATIONS = 40
POSITIONS = 32
# Not symmetric about 1/2: where a side runs through a pixel's center, the mask is 1/2
# exactly, which between 0 and 1 would tie between two bytes.
BLACK, WHITE = 0.02, 0.97


def heart(u: Floats, v: Floats) -> Floats:
    """Heart, tip down: a square on its corner with half discs on its upper sides."""
    half = 0.76
    centroid = -half * (np.pi / 4 + 1 / 3) / (2 + np.pi / 2)
    side, v = np.abs(u), v + centroid
    corner = (half - side - np.abs(v)) / np.sqrt(2)
    lobe = half / np.sqrt(2) - np.hypot(side - half / 2, v + half / 2)
    return np.maximum(corner, lobe)


@dataclass(frozen=True)
class Factors:
    """The latent factors of n sprites as indices, (n,) each."""

    shape: Ints
    scale: Ints
    orientation: Ints
    x: Ints
    y: Ints


def random_factors(rng: np.random.Generator, count: int) -> Factors:
    """Draw every factor uniformly."""
    # The images of a seed depend on this order.
    return Factors(
        shape=choose(rng, 3, count),
        scale=choose(rng, SCALES, count),
        orientation=choose(rng, ORIENTATIONS, count),
        x=choose(rng, POSITIONS, count),
        y=choose(rng, POSITIONS, count),
    )


def draw_sprites(factors: Factors, radius: tuple[float, float], span: float) -> Floats:
    """Draw the images (n, 3, 32, 32).

    The scales divide the interval `radius`, the positions that from -`span` to `span`.
    """
    angles = np.linspace(0, 2 * np.pi, ORIENTATIONS)
    smallest, largest = radius
    radii = np.linspace(smallest, largest, SCALES)
    places = np.linspace(-span, span, POSITIONS)
    mask = shape_masks(
        (square, ellipse, heart),
        factors.shape,
        places[factors.x],
        places[factors.y],
        radii[factors.scale],
        angles[factors.orientation],
    )
    count = len(mask)
    white = over_pixels(np.full((count, 3), WHITE))
    return blend(filled(np.full((count, 3), BLACK)), white, mask)

"""Sprite orientation (8 classes): the orientation of a sprite, half turns alike.

The square, alike after quarter turns, stays ambiguous, as in dSprites.
"""

import numpy as np

from peftdiff.tasks.synthetic.canvas import Floats, Ints
from peftdiff.tasks.synthetic.sprites import ORIENTATIONS, draw_sprites, random_factors

RADIUS = (0.50, 0.72)
SPAN = 0.30
BINS = 8

CLASSES = tuple(f"{180 * place / BINS:g}°" for place in range(BINS))


def draw(rng: np.random.Generator, count: int, _split: str) -> tuple[Floats, Ints]:
    """Draw images and their labels."""
    factors = random_factors(rng, count)
    # Orientation k is the angle 2 pi k / 39; whole numbers keep bin borders exact.
    label = (2 * BINS * factors.orientation // (ORIENTATIONS - 1)) % BINS
    return draw_sprites(factors, RADIUS, SPAN), label

"""Sprite location (16 classes): the horizontal position of a sprite, in two steps."""

import numpy as np

from peftdiff.tasks.synthetic.canvas import Floats, Ints
from peftdiff.tasks.synthetic.sprites import POSITIONS, draw_sprites, random_factors

RADIUS = (0.18, 0.36)
SPAN = 0.62
STEPS = 2

CLASSES = tuple(f"x {place}" for place in range(POSITIONS // STEPS))


def draw(rng: np.random.Generator, count: int, _split: str) -> tuple[Floats, Ints]:
    """Draw images and their labels."""
    factors = random_factors(rng, count)
    return draw_sprites(factors, RADIUS, SPAN), factors.x // STEPS

"""Random colors in the unit cube, (n, 3)."""

import numpy as np

from peftdiff.tasks.canvas import Floats


def random_colors(rng: np.random.Generator, count: int) -> Floats:
    """Draw colors uniformly from the cube."""
    return rng.random((count, 3))


def distant_colors(rng: np.random.Generator, others: Floats, distance: float) -> Floats:
    """Draw one color per row of `others`, at least `distance` away from it."""
    colors = random_colors(rng, len(others))
    while True:
        gap = ((colors - others) ** 2).sum(axis=1)
        near = np.flatnonzero(gap < distance**2)
        if near.size == 0:
            return colors
        colors[near] = random_colors(rng, near.size)


def second_tone(colors: Floats) -> Floats:
    """Return a darker tone of light colors and a lighter tone of dark ones."""
    light = colors.mean(axis=1, keepdims=True) > 0.5
    return np.where(light, 0.4 * colors, 0.6 + 0.4 * colors)

"""The canvas: pixel coordinates, random scalars, blending, noise.

Conventions of all drawing code: coordinates run over [-1, 1], x to the right and y
down; a field is an array (n, 32, 32); an image while it is drawn has shape
(n, 3, 32, 32), values in [0, 1]; one row per image.

Random numbers come from `random` and `standard_normal` alone, whose streams have not
changed between numpy's versions as those of `integers` and `permutation` may.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZE = 32
_CENTERS = (2 * np.arange(SIZE) + 1) / SIZE - 1


def coordinates(count: int) -> tuple[Floats, Floats]:
    """Return x and y of the pixel centers, each (count, 32, 32), read-only views."""
    shape = (count, SIZE, SIZE)
    x = np.broadcast_to(_CENTERS, shape)
    y = np.broadcast_to(_CENTERS[:, None], shape)
    return x, y


def uniform(rng: np.random.Generator, low: float, high: float, *shape: int) -> Floats:
    """Draw uniformly from [low, high)."""
    return low + (high - low) * rng.random(shape)


def uniform_in(
    rng: np.random.Generator, interval: tuple[float, float], *shape: int
) -> Floats:
    """Draw uniformly from an interval, its upper end excluded."""
    low, high = interval
    return uniform(rng, low, high, *shape)


def choose(rng: np.random.Generator, options: int, *shape: int) -> Ints:
    """Draw uniformly from 0 ... options - 1."""
    return np.floor(options * rng.random(shape)).astype(np.int64)


def shuffled(rng: np.random.Generator, rows: int, length: int) -> Ints:
    """Return a random permutation of 0 ... length - 1 in each row."""
    return np.argsort(rng.random((rows, length)), axis=1, kind="stable")


def over_pixels(values: Floats) -> Floats:
    """Append two axes, so that (n, ...) broadcasts over (n, ..., 32, 32)."""
    return values[..., None, None]


def sigmoid(values: Floats) -> Floats:
    """Return the logistic function, without overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * values)


def filled(colors: Floats) -> Floats:
    """Return images (n, 3, 32, 32) of one color each, (n, 3)."""
    return np.tile(over_pixels(colors), (1, 1, SIZE, SIZE))


def blend(below: Floats, above: Floats, mask: Floats) -> Floats:
    """Lay images (or colors (n, 3, 1, 1)) over others where the mask is 1."""
    return below + mask[:, None] * (above - below)


def with_noise(rng: np.random.Generator, images: Floats, deviation: float) -> Floats:
    """Add independent normal noise to every value."""
    return images + deviation * rng.standard_normal(images.shape)


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

"""Texture (12 classes): which pattern, whatever its colors, frequency and direction."""

import numpy as np

from peftdiff.tasks.synthetic import patterns as textures
from peftdiff.tasks.synthetic.canvas import (
    Floats,
    Ints,
    blend,
    choose,
    coordinates,
    distant_colors,
    filled,
    over_pixels,
    random_colors,
    uniform,
    with_noise,
)

WARP = 0.05
SHADING = 0.2
COLOR_DISTANCE = 0.5
NOISE = 0.05

PATTERNS: dict[str, textures.Texture] = {
    "stripes": textures.stripes,
    "wave": textures.wave,
    "checker": textures.checker,
    "dots": textures.dots,
    "grid": textures.grid,
    "cells": textures.worley_cells,
    "cracks": textures.worley_cracks,
    "blotch": textures.blob,
    "speckle": textures.speckle,
    "marble": textures.marble,
    "weave": textures.weave,
    "rings": textures.rings,
}
CLASSES = tuple(PATTERNS)


def draw(rng: np.random.Generator, count: int, _split: str) -> tuple[Floats, Ints]:
    """Draw images and their labels."""
    label = choose(rng, len(CLASSES), count)
    x, y = coordinates(count)
    warped_x = x + WARP * textures.smooth_noise(rng, count, 5)
    warped_y = y + WARP * textures.smooth_noise(rng, count, 5)
    pattern = textures.textured(rng, list(PATTERNS.values()), label, warped_x, warped_y)
    first = random_colors(rng, count)
    second = distant_colors(rng, first, COLOR_DISTANCE)
    images = blend(filled(first), over_pixels(second), pattern)
    slope, _ = textures.turned(rng, x, y)
    strength = over_pixels(uniform(rng, 0, SHADING, count))
    images *= (1 + strength * slope)[:, None]
    return with_noise(rng, images, NOISE), label

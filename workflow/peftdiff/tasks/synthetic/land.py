"""Land (8 classes): the land type that covers most of an aerial mosaic."""

import numpy as np

from peftdiff.tasks.synthetic import patterns as textures
from peftdiff.tasks.synthetic.canvas import (
    Floats,
    Ints,
    choose,
    coordinates,
    over_pixels,
    uniform,
    uniform_in,
    with_noise,
)

FIELDS = 7
FORCED_FIELDS = 4
COLOR_SPREAD = 0.07
TEXTURE_CONTRAST = 0.12
ILLUMINATION = (0.85, 1.15)
NOISE = 0.04

# Mean color (red, green, blue) and texture of each type; neighbors in color overlap.
TYPES: dict[str, tuple[tuple[float, float, float], textures.Texture]] = {
    "water": ((0.25, 0.40, 0.50), textures.wave),
    "wetland": ((0.32, 0.44, 0.42), textures.blob),
    "forest": ((0.24, 0.40, 0.28), textures.noise),
    "pasture": ((0.42, 0.55, 0.33), textures.gradient),
    "crops": ((0.48, 0.52, 0.30), textures.stripes),
    "orchard": ((0.40, 0.48, 0.30), textures.dots),
    "bare": ((0.56, 0.50, 0.40), textures.marble),
    "urban": ((0.50, 0.49, 0.47), textures.grid),
}
CLASSES = tuple(TYPES)


def mosaic(rng: np.random.Generator, count: int) -> tuple[Ints, Ints]:
    """Return the field at each pixel (n, 32, 32) and the type of each field (n, 7).

    The fields are Voronoi cells; the first few share one type.
    """
    x, y = coordinates(count)
    point_x, point_y = uniform(rng, -1, 1, 2, count, FIELDS)
    gap_x = x[:, None] - over_pixels(point_x)
    gap_y = y[:, None] - over_pixels(point_y)
    field = np.argmin(gap_x * gap_x + gap_y * gap_y, axis=1)
    kinds = choose(rng, len(CLASSES), count, FIELDS)
    kinds[:, :FORCED_FIELDS] = kinds[:, :1]
    return field, kinds


def dominant(type_map: Ints) -> Ints:
    """Return the type with the most pixels, the first one of equals."""
    areas = [(type_map == kind).sum(axis=(1, 2)) for kind in range(len(CLASSES))]
    return np.argmax(np.stack(areas, axis=1), axis=1)


def draw(rng: np.random.Generator, count: int, _split: str) -> tuple[Floats, Ints]:
    """Draw images and their labels."""
    field, kinds = mosaic(rng, count)
    image = np.arange(count)[:, None, None]
    type_map = kinds[image, field]
    means = np.array([color for color, _ in TYPES.values()])
    colors = means[kinds] + COLOR_SPREAD * rng.standard_normal((count, FIELDS, 3))
    images = colors[image, field].transpose(0, 3, 1, 2)
    x, y = coordinates(count)
    for kind, (_, texture) in enumerate(TYPES.values()):
        covered = type_map == kind
        rows = np.flatnonzero(covered.any(axis=(1, 2)))
        pattern = texture(rng, x[rows], y[rows]) - 0.5
        images[rows] += (2 * TEXTURE_CONTRAST * pattern * covered[rows])[:, None]
    images *= uniform_in(rng, ILLUMINATION, count, 1, 1, 1)
    return with_noise(rng, images, NOISE), dominant(type_map)

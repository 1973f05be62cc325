"""Digits (10 classes): real handwritten digits in a scene with a neighbor.

The originals are the 1 797 images of 8 x 8 pixels bundled with scikit-learn (Alpaydin
and Kaynak 1998); training and test images show different ones. As in SVHN, a second
digit, cut by the border, is next to the one to read.
"""

from functools import cache

import numpy as np
from sklearn.datasets import load_digits

from peftdiff.tasks.synthetic.canvas import (
    SIZE,
    Floats,
    Ints,
    blend,
    choose,
    distant_colors,
    over_pixels,
    random_colors,
    uniform,
    uniform_in,
    with_noise,
)
from peftdiff.tasks.synthetic.patterns import BACKGROUNDS, background, upsample
from peftdiff.tasks.synthetic.shapes import local_frame

RADIUS = (0.65, 0.9)
SHIFT = 0.15
ROTATION = 0.25
NEIGHBOR_GAP = (1.25, 1.6)
COLOR_DISTANCE = 0.65
GROUND_CONTRAST = (0.06, 0.14)
NOISE = 0.04
ORIGINALS = 1797
TRAIN_POOL = 900
POOL_SEED = 0

CLASSES = tuple(str(digit) for digit in range(10))


def pools() -> dict[str, Ints]:
    """Return the indices of the originals of each split, 900 and 897, disjoint."""
    rng = np.random.Generator(np.random.PCG64(POOL_SEED))
    order = np.argsort(rng.random(ORIGINALS), kind="stable")
    return {"train": order[:TRAIN_POOL], "test": order[TRAIN_POOL:]}


@cache
def _originals() -> tuple[Floats, Ints]:
    """Return the strokes, (1797, 32, 32) in [0, 1], and the digits, (1797,)."""
    digits = load_digits()
    strokes = np.clip(upsample(digits.images / 16), 0, 1)
    return strokes, digits.target.astype(np.int64)


def _sample(images: Floats, u: Floats, v: Floats) -> Floats:
    """Read images (n, 32, 32) at frame coordinates, bilinearly, zero outside."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    column = np.clip((u + 1) * SIZE / 2 + 0.5, 0, SIZE + 1)
    row = np.clip((v + 1) * SIZE / 2 + 0.5, 0, SIZE + 1)
    left = np.minimum(np.floor(column), SIZE).astype(int)
    top = np.minimum(np.floor(row), SIZE).astype(int)
    image = np.arange(len(images))[:, None, None]
    right_share, low_share = column - left, row - top
    upper = padded[image, top, left] * (1 - right_share)
    upper += padded[image, top, left + 1] * right_share
    lower = padded[image, top + 1, left] * (1 - right_share)
    lower += padded[image, top + 1, left + 1] * right_share
    return upper * (1 - low_share) + lower * low_share


def draw(rng: np.random.Generator, count: int, split: str) -> tuple[Floats, Ints]:
    """Draw images and their labels; `split` chooses the pool of originals."""
    pool = pools()[split]
    strokes, digit = _originals()
    main, neighbor = pool[choose(rng, len(pool), 2, count)]
    radius = uniform_in(rng, RADIUS, count)
    x, y = uniform(rng, -SHIFT, SHIFT, 2, count)
    angle = uniform(rng, -ROTATION, ROTATION, count)
    side = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    gap = side * radius * uniform_in(rng, NEIGHBOR_GAP, count)
    u, v = local_frame(x, y, radius, angle)
    mask = _sample(strokes[main], u, v)
    u, v = local_frame(x + gap, y, radius, angle)
    neighbor_mask = _sample(strokes[neighbor], u, v)
    ground = random_colors(rng, count)
    color = over_pixels(distant_colors(rng, ground, COLOR_DISTANCE))
    kinds = choose(rng, len(BACKGROUNDS), count)
    images = background(rng, ground, kinds, GROUND_CONTRAST)
    images = blend(images, color, np.maximum(mask, neighbor_mask))
    return with_noise(rng, images, NOISE), digit[main]

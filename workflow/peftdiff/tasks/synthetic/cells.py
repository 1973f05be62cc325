"""Cells (4 classes): a tissue's grade, the number of its enlarged, irregular nuclei."""

import numpy as np
from numpy.typing import NDArray

from peftdiff.tasks.synthetic.canvas import (
    SIZE,
    Floats,
    Ints,
    blend,
    choose,
    coordinates,
    filled,
    over_pixels,
    shuffled,
    sigmoid,
    uniform,
    uniform_in,
    with_noise,
)
from peftdiff.tasks.synthetic.patterns import smooth_noise
from peftdiff.tasks.synthetic.shapes import EDGE_SHARPNESS

Bools = NDArray[np.bool_]

PLACES = 16
NUCLEI = (10, 14)
GRADES = ((0, 0), (1, 2), (3, 4), (5, 7))
JITTER = 0.1
NORMAL_RADIUS = (0.09, 0.14)
ENLARGED_RADIUS = (0.16, 0.22)
IRREGULARITY = (0.15, 0.35)
STAIN_JITTER = 0.06
NOISE = 0.04

TISSUE = np.array([0.88, 0.66, 0.76])
NUCLEUS = np.array([0.42, 0.26, 0.56])
CLASSES = tuple(f"{low}-{high} enlarged" if high else "none" for low, high in GRADES)


def _between(rng: np.random.Generator, low: Ints, high: Ints) -> Ints:
    return low + np.floor((high - low + 1) * rng.random(low.shape)).astype(np.int64)


def arrangement(rng: np.random.Generator, count: int) -> tuple[Ints, Bools, Bools]:
    """Return grades (n,), and which of the 16 places of a grid hold nuclei.

    The second array (n, 16) marks the places of all nuclei, the third (n, 16) those of
    enlarged ones.
    """
    grade = choose(rng, len(GRADES), count)
    low, high = np.array(GRADES)[grade].T
    enlarged = _between(rng, low, high)
    fewest, most = NUCLEI
    total = _between(rng, np.full(count, fewest), np.full(count, most))
    rank = shuffled(rng, count, PLACES)
    return grade, rank < total[:, None], rank < enlarged[:, None]


def _lobes(dx: Floats, dy: Floats, angle: Floats) -> Floats:
    """Return cos(3 theta - angle) around (0, 0), without trigonometry per pixel."""
    square = dx * dx + dy * dy
    cosine = dx * (4 * dx * dx - 3 * square)
    sine = dy * (3 * square - 4 * dy * dy)
    wave = over_pixels(np.cos(angle)) * cosine + over_pixels(np.sin(angle)) * sine
    return wave / (square * np.sqrt(square) + 1e-9)


def _nuclei(rng: np.random.Generator, present: Bools, enlarged: Bools) -> Floats:
    """Return the mask (n, 32, 32) of the nuclei."""
    inside = np.full((len(present), SIZE, SIZE), -1.0)
    for place in range(PLACES):
        rows = np.flatnonzero(present[:, place])
        large = enlarged[rows, place]
        x, y = coordinates(rows.size)
        shift_x, shift_y = uniform(rng, -JITTER, JITTER, 2, rows.size)
        dx = x - over_pixels(place % 4 / 2 - 0.75 + shift_x)
        dy = y - over_pixels(place // 4 / 2 - 0.75 + shift_y)
        normal = uniform_in(rng, NORMAL_RADIUS, rows.size)
        radius = np.where(large, uniform_in(rng, ENLARGED_RADIUS, rows.size), normal)
        bump = np.where(large, uniform_in(rng, IRREGULARITY, rows.size), 0.0)
        lobes = _lobes(dx, dy, uniform(rng, 0, 2 * np.pi, rows.size))
        outline = over_pixels(radius) * (1 + over_pixels(bump) * lobes)
        nucleus = outline - np.sqrt(dx * dx + dy * dy)
        inside[rows] = np.maximum(inside[rows], nucleus)
    return sigmoid(EDGE_SHARPNESS * inside)


def draw(rng: np.random.Generator, count: int, _split: str) -> tuple[Floats, Ints]:
    """Draw images and their labels."""
    grade, present, enlarged = arrangement(rng, count)
    mask = _nuclei(rng, present, enlarged)
    tissue = filled(TISSUE + STAIN_JITTER * rng.standard_normal((count, 3)))
    tissue += 0.05 * smooth_noise(rng, count, 5)[:, None]
    nucleus = NUCLEUS + STAIN_JITTER * rng.standard_normal((count, 3))
    chromatin = over_pixels(nucleus) + 0.06 * smooth_noise(rng, count, 16)[:, None]
    return with_noise(rng, blend(tissue, chromatin, mask), NOISE), grade

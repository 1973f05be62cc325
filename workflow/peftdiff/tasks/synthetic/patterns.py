"""Textures: fields (n, 32, 32) in [0, 1] with random frequency, direction and phase.

Every texture takes a random generator and the coordinates x and y, (n, 32, 32) each,
which may be warped; the noises lie on the pixels and take only the number n from them.
"""

from collections.abc import Callable, Sequence

import numpy as np

from peftdiff.tasks.synthetic.canvas import (
    SIZE,
    Floats,
    Ints,
    coordinates,
    filled,
    over_pixels,
    sigmoid,
    uniform,
    uniform_in,
)

Texture = Callable[[np.random.Generator, Floats, Floats], Floats]
FREQUENCY = (5.0, 11.0)
VORONOI_CELLS = 5  # in a row


def _scalars(rng: np.random.Generator, like: Floats, low: float, high: float) -> Floats:
    return over_pixels(uniform(rng, low, high, len(like)))


def _frequency(rng: np.random.Generator, like: Floats) -> Floats:
    return over_pixels(uniform_in(rng, FREQUENCY, len(like)))


def _phase(rng: np.random.Generator, like: Floats) -> Floats:
    return _scalars(rng, like, 0, 2 * np.pi)


def turned(rng: np.random.Generator, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return coordinates along and across a random direction."""
    angle = _phase(rng, x)
    cosine, sine = np.cos(angle), np.sin(angle)
    return x * cosine + y * sine, y * cosine - x * sine


def upsample(coarse: Floats) -> Floats:
    """Interpolate fields (n, k, k) bicubically to (n, 32, 32) (Keys 1981, a = -1/2)."""
    for _ in range(2):
        cells = coarse.shape[1]
        position = (np.arange(SIZE) + 0.5) * cells / SIZE - 0.5
        first = np.floor(position)
        t = position - first
        weights = (
            ((-0.5 * t + 1) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1,
            ((-1.5 * t + 2) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        )
        rows = [
            np.clip(first + step, 0, cells - 1).astype(int) for step in range(-1, 3)
        ]
        fine = sum(
            w[:, None] * coarse[:, r] for w, r in zip(weights, rows, strict=True)
        )
        coarse = fine.transpose(0, 2, 1)
    return coarse


def smooth_noise(rng: np.random.Generator, count: int, cells: int) -> Floats:
    """Return normal fields of cells x cells, interpolated to (count, 32, 32)."""
    return upsample(rng.standard_normal((count, cells, cells)))


def solid(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Constant field."""
    return np.ones(x.shape)


def gradient(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Linear ramp from one side to the other."""
    along, _ = turned(rng, x, y)
    return 0.5 + 0.35 * along


def stripes(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Parallel stripes."""
    along, _ = turned(rng, x, y)
    return sigmoid(6 * np.sin(_frequency(rng, x) * along + _phase(rng, x)))


def wave(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Stripes bent along a sine."""
    along, across = turned(rng, x, y)
    bend = 1.6 * np.sin(0.6 * _frequency(rng, x) * across + _phase(rng, x))
    return 0.5 + 0.5 * np.sin(_frequency(rng, x) * along + bend)


def _lattice(rng: np.random.Generator, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    along, across = turned(rng, x, y)
    frequency = _frequency(rng, x)
    return frequency * along + _phase(rng, x), frequency * across + _phase(rng, x)


def checker(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Checkerboard."""
    a, b = _lattice(rng, x, y)
    return sigmoid(10 * np.sin(a) * np.sin(b))


def grid(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Thin lines crossing at right angles."""
    a, b = _lattice(rng, x, y)
    return sigmoid(10 * (np.maximum(np.cos(a), np.cos(b)) - 0.7))


def dots(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Discs on a square lattice."""
    a, b = _lattice(rng, x, y)
    return sigmoid(8 * (np.cos(a) + np.cos(b) - 0.6))


def weave(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Two sets of stripes at right angles, over and under in turn."""
    a, b = _lattice(rng, x, y)
    over = sigmoid(10 * np.sin(0.5 * a) * np.sin(0.5 * b))
    return 0.5 + 0.5 * (over * np.cos(2 * a) + (1 - over) * np.cos(2 * b))


def rings(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Concentric rings around a random point."""
    center_x, center_y = _scalars(rng, x, -0.7, 0.7), _scalars(rng, x, -0.7, 0.7)
    distance = np.hypot(x - center_x, y - center_y)
    return sigmoid(6 * np.sin(_frequency(rng, x) * distance + _phase(rng, x)))


def marble(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Veins: stripes displaced by smooth noise."""
    along, _ = turned(rng, x, y)
    veins = np.sin(0.6 * _frequency(rng, x) * along + 2 * smooth_noise(rng, len(x), 5))
    return np.abs(veins)


def noise(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Fine smooth noise, 16 x 16 cells."""
    return sigmoid(2 * smooth_noise(rng, len(x), 16))


def blob(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Coarse smooth noise, 5 x 5 cells."""
    return sigmoid(4 * smooth_noise(rng, len(x), 5))


def speckle(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Sparse bright grains."""
    return sigmoid(9 * (smooth_noise(rng, len(x), 16) - 1.1))


def two_nearest(
    rng: np.random.Generator, x: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """Return the distances to the nearest and the second nearest of scattered points.

    The points are a jittered lattice that reaches over the border (Worley 1996).
    """
    spots = (2 * np.arange(VORONOI_CELLS) + 1) / VORONOI_CELLS - 1
    jitter = 1.1 / VORONOI_CELLS
    nearest = np.full(x.shape, np.inf)
    second = np.full(x.shape, np.inf)
    for spot_x in 1.3 * spots:
        for spot_y in 1.3 * spots:
            point_x = spot_x + _scalars(rng, x, -jitter, jitter)
            point_y = spot_y + _scalars(rng, x, -jitter, jitter)
            distance = np.hypot(x - point_x, y - point_y)
            second = np.minimum(second, np.maximum(nearest, distance))
            nearest = np.minimum(nearest, distance)
    return nearest, second


def worley_cells(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Bumps: dark towards the borders of Voronoi cells."""
    nearest, _ = two_nearest(rng, x, y)
    return np.maximum(1 - 2.6 * nearest, 0)


def worley_cracks(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Thin bright borders of Voronoi cells."""
    nearest, second = two_nearest(rng, x, y)
    return sigmoid(24 * (0.09 - (second - nearest)))


BACKGROUNDS: dict[str, Texture] = {
    "solid": solid,
    "gradient": gradient,
    "wave": wave,
    "grid": grid,
    "noise": noise,
    "blob": blob,
}


def textured(
    rng: np.random.Generator,
    textures: Sequence[Texture],
    kinds: Ints,
    x: Floats | None = None,
    y: Floats | None = None,
) -> Floats:
    """Return one field per row, textures[kinds[i]], on plain coordinates by default."""
    if x is None or y is None:
        x, y = coordinates(len(kinds))
    fields = np.empty(x.shape)
    for kind, texture in enumerate(textures):
        rows = np.flatnonzero(kinds == kind)
        fields[rows] = texture(rng, x[rows], y[rows])
    return fields


def background(
    rng: np.random.Generator, colors: Floats, kinds: Ints, contrast: tuple[float, float]
) -> Floats:
    """Return images (n, 3, 32, 32) of the given colors with a faint texture.

    The texture BACKGROUNDS[kinds[i]] brightens and darkens its color by an amplitude
    drawn from `contrast`.
    """
    fields = textured(rng, list(BACKGROUNDS.values()), kinds)
    amplitude = over_pixels(uniform_in(rng, contrast, len(kinds)))
    return filled(colors) + (amplitude * (2 * fields - 1))[:, None]

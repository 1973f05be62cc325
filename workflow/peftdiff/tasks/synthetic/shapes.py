"""Shapes as implicit functions f(u, v): positive inside, zero on the outline.

(u, v) is the shape's own frame, u to the right and v down, in which it about fits the
unit disc; near the outline, f is about the distance to it.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce

import numpy as np

from peftdiff.tasks.synthetic.canvas import (
    Floats,
    Ints,
    coordinates,
    over_pixels,
    sigmoid,
)

Shape = Callable[[Floats, Floats], Floats]
EDGE_SHARPNESS = 28.0


def disc(u: Floats, v: Floats) -> Floats:
    """Disc around the origin."""
    return 0.9 - np.hypot(u, v)


def ellipse(u: Floats, v: Floats) -> Floats:
    """Ellipse, twice as wide as high."""
    return 0.48 - np.hypot(0.5 * u, v)


def polygon(u: Floats, v: Floats, corners: int) -> Floats:
    """Regular polygon of circumradius 1, one corner on top."""
    half = np.pi / corners
    angle = np.mod(np.arctan2(u, -v), 2 * half) - half
    return np.cos(half) / np.cos(angle) - np.hypot(u, v)


def star(u: Floats, v: Floats, points: int, depth: float) -> Floats:
    """Star or flower, the radius a cosine of the angle; one point on top."""
    radius = 1 - depth + depth * np.cos(points * np.arctan2(u, -v))
    return radius - np.hypot(u, v)


def ring(u: Floats, v: Floats) -> Floats:
    """Circular ring."""
    return 0.22 - np.abs(np.hypot(u, v) - 0.7)


def frame(u: Floats, v: Floats) -> Floats:
    """Square ring."""
    return 0.18 - np.abs(np.maximum(np.abs(u), np.abs(v)) - 0.62)


def box(
    u: Floats, v: Floats, left: float, right: float, top: float, bottom: float
) -> Floats:
    """Rectangle with sides along u and v."""
    across = np.minimum(u - left, right - u)
    return np.minimum(across, np.minimum(v - top, bottom - v))


def square(u: Floats, v: Floats) -> Floats:
    """Square of half side 0.75."""
    return 0.75 - np.maximum(np.abs(u), np.abs(v))


def boxes(
    u: Floats, v: Floats, parts: Sequence[tuple[float, float, float, float]]
) -> Floats:
    """Union of rectangles (left, right, top, bottom)."""
    masks = [box(u, v, left, right, top, bottom) for left, right, top, bottom in parts]
    return reduce(np.maximum, masks)


def crescent(u: Floats, v: Floats) -> Floats:
    """Disc without a smaller, shifted one."""
    return np.minimum(0.9 - np.hypot(u, v), np.hypot(u - 0.45, v) - 0.68)


def two_discs(u: Floats, v: Floats) -> Floats:
    """Two discs side by side."""
    return 0.42 - np.hypot(np.abs(u) - 0.52, v)


def half_disc(u: Floats, v: Floats) -> Floats:
    """Upper half of a disc."""
    return np.minimum(0.95 - np.hypot(u, v - 0.4), 0.4 - v)


def arrow(u: Floats, v: Floats) -> Floats:
    """Arrow to the right."""
    head = np.minimum(u, 0.75 * (0.95 - u) - np.abs(v))
    return np.maximum(head, box(u, v, -0.9, 0.2, -0.2, 0.2))


def letter_z(u: Floats, v: Floats) -> Floats:
    """Letter Z."""
    diagonal = np.minimum(0.2 - 0.7 * np.abs(u + v), square(u, v))
    bars = boxes(u, v, [(-0.75, 0.75, -0.75, -0.4), (-0.75, 0.75, 0.4, 0.75)])
    return np.maximum(diagonal, bars)


LETTER_L = [(-0.6, -0.15, -0.9, 0.9), (-0.6, 0.65, 0.45, 0.9)]
LETTER_T = [(-0.75, 0.75, -0.8, -0.38), (-0.22, 0.22, -0.8, 0.85)]
LETTER_U = [(-0.8, -0.4, -0.8, 0.8), (0.4, 0.8, -0.8, 0.8), (-0.8, 0.8, 0.4, 0.8)]
CROSS = [(-0.9, 0.9, -0.28, 0.28), (-0.28, 0.28, -0.9, 0.9)]

SOURCE_SHAPES: dict[str, Shape] = {
    "disc": disc,
    "triangle": partial(polygon, corners=3),
    "square": square,
    "hexagon": partial(polygon, corners=6),
    "star4": partial(star, points=4, depth=0.35),
    "star5": partial(star, points=5, depth=0.3),
    "ring": ring,
    "cross": partial(boxes, parts=CROSS),
    "bar": partial(box, left=-0.95, right=0.95, top=-0.28, bottom=0.28),
    "ellipse": ellipse,
    "crescent": crescent,
    "L": partial(boxes, parts=LETTER_L),
}
UNSEEN_SHAPES: dict[str, Shape] = {
    "flower3": partial(star, points=3, depth=0.33),
    "flower7": partial(star, points=7, depth=0.24),
    "pentagon": partial(polygon, corners=5),
    "T": partial(boxes, parts=LETTER_T),
    "U": partial(boxes, parts=LETTER_U),
    "two discs": two_discs,
    "half disc": half_disc,
    "arrow": arrow,
    "frame": frame,
    "Z": letter_z,
}


def local_frame(
    center_x: Floats, center_y: Floats, radius: Floats, angle: Floats
) -> tuple[Floats, Floats]:
    """Return pixel coordinates (n, 32, 32) in moved, turned and scaled frames.

    All arguments have shape (n,); a positive angle turns the shape clockwise.
    """
    x, y = coordinates(len(radius))
    dx, dy = x - over_pixels(center_x), y - over_pixels(center_y)
    cosine = over_pixels(np.cos(angle) / radius)
    sine = over_pixels(np.sin(angle) / radius)
    return dx * cosine + dy * sine, dy * cosine - dx * sine


def shape_masks(
    shapes: Sequence[Shape],
    kinds: Ints,
    center_x: Floats,
    center_y: Floats,
    radius: Floats,
    angle: Floats,
) -> Floats:
    """Draw one shape per row, shapes[kinds[i]], as an anti-aliased mask (n, 32, 32)."""
    u, v = local_frame(center_x, center_y, radius, angle)
    inside = np.empty_like(u)
    for kind, shape in enumerate(shapes):
        rows = np.flatnonzero(kinds == kind)
        inside[rows] = shape(u[rows], v[rows])
    return sigmoid(EDGE_SHARPNESS * over_pixels(radius) * inside)

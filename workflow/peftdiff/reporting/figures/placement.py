"""Where to put labels so that none covers another."""

import numpy as np


def place_boxes(
    anchors: np.ndarray, sizes: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Return centers of boxes near their anchors, free of overlap.

    The boxes take their places one after another, each on the free spot of a fine grid
    that is nearest to its anchor. A box that finds no free spot stays on its anchor.

    Parameters
    ----------
    anchors
        Wished centers (n x 2).
    sizes
        Widths and heights (n x 2), in the unit of the anchors.
    low, high
        Corners of the area that the boxes stay in (2 each).

    Returns
    -------
    ndarray
        Centers (n x 2).
    """
    centers = np.empty((0, 2))
    for position, (anchor, size) in enumerate(zip(anchors, sizes, strict=True)):
        spots = _spots(anchor, low + size / 2, high - size / 2, sizes[:, 1].min() / 3)
        gaps = np.abs(spots[:, None] - centers)
        needed = (size + sizes[:position]) / 2
        free = (gaps >= needed).any(axis=2).all(axis=1)
        chosen = spots[free.argmax()] if free.any() else anchor
        centers = np.vstack([centers, chosen])
    return centers


def _spots(
    anchor: np.ndarray, low: np.ndarray, high: np.ndarray, step: float
) -> np.ndarray:
    """Return grid points around the anchor within the bounds, nearest first."""
    start = np.clip(anchor, low, np.maximum(low, high))
    axes = [
        start[k]
        + step
        * np.arange(
            np.ceil((low[k] - start[k]) / step),
            np.floor((high[k] - start[k]) / step) + 1,
        )
        for k in range(2)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    distances = np.linalg.norm(grid - anchor, axis=1)
    return grid[distances.argsort(kind="stable")]

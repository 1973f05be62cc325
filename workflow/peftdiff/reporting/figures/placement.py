"""Placement of labels such that none covers another."""

import numpy as np


def place_boxes(
    anchors: np.ndarray, sizes: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Return centers of boxes near their anchors, without overlap.

    The boxes are placed one after another, each on the free point of a fine grid that
    is nearest to its anchor. A box for which none is free stays on its anchor.

    Parameters
    ----------
    anchors
        Preferred centers (n x 2).
    sizes
        Widths and heights (n x 2), in the unit of the anchors.
    low, high
        Corners (2 each) of the area within which the boxes lie.

    Returns
    -------
    ndarray
        Centers (n x 2).
    """
    centers = np.empty((0, 2))
    for position, (anchor, size) in enumerate(zip(anchors, sizes, strict=True)):
        points = _grid_points(
            anchor, low + size / 2, high - size / 2, sizes[:, 1].min() / 3
        )
        gaps = np.abs(points[:, None] - centers)
        needed = (size + sizes[:position]) / 2
        free = (gaps >= needed).any(axis=2).all(axis=1)
        center = points[free.argmax()] if free.any() else anchor
        centers = np.vstack([centers, center])
    return centers


def _grid_points(
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

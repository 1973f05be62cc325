"""Synthetic embeddings: clusters with a decaying spectrum, the same on every run."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CHUNK = 10_000  # rows drawn at once, so that a memory-mapped file can be filled
APART = 0.5  # spread of the class means relative to that within a class


class Embedding(NamedTuple):
    """Features (n, d), float32, and labels (n,), the classes of equal size."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]


def clustered(
    n: int,
    d: int,
    n_classes: int,
    seed: int = 0,
    out: NDArray[np.float32] | None = None,
) -> Embedding:
    """Draw an embedding of Gaussian classes.

    The variance of dimension j falls as 1 / j, like the spectrum of a trained network's
    features: distances then differ enough for a neighborhood to mean something.

    Parameters
    ----------
    n, d, n_classes, seed : int
    out : ndarray of float32, shape (n, d), optional
        Where to put the features.
    """
    features = np.empty((n, d), dtype=np.float32) if out is None else out
    random = np.random.default_rng(seed)
    scale = (1 / np.sqrt(1 + np.arange(d))).astype(np.float32)
    labels = random.permutation(np.arange(n) % n_classes)
    means = APART * random.standard_normal((n_classes, d), dtype=np.float32)
    for first in range(0, n, CHUNK):
        part = labels[first : first + CHUNK]
        noise = random.standard_normal((len(part), d), dtype=np.float32)
        features[first : first + CHUNK] = (noise + means[part]) * scale
    return Embedding(features, labels)

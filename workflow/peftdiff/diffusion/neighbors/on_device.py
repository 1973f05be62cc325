"""Exact nearest neighbors, with the products on a GPU, by torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.neighbors.exact import exact_neighbors
from peftdiff.diffusion.neighbors.neighborhoods import Neighborhoods
from peftdiff.diffusion.neighbors.optional import optional_module
from peftdiff.diffusion.neighbors.rounding import cutoffs
from peftdiff.diffusion.neighbors.tiles import MARGIN, Candidates, squaring_factors

BLOCK_CELLS = 2**28  # products held at once (1 GB)

Floats = NDArray[np.floating]


def torch_neighbors(features: Floats, neighbors: int) -> Neighborhoods:
    """Find what ``exact_neighbors`` finds, on the GPU where torch sees one.

    The device only proposes pairs: distances and what depends on them are computed as
    in ``exact_neighbors``, so that the result is the same to the last bit (up to
    rounding for few samples, where the latter uses float64 products).

    Parameters
    ----------
    features : ndarray, shape (n, d)
    neighbors : int
        1 .. n, the sample itself counted.

    Raises
    ------
    ImportError
        When torch is not installed.
    ValueError
        As ``exact_neighbors``.
    """
    return exact_neighbors(features, neighbors, _propose)


def _propose(centered: NDArray[np.float64], neighbors: int, tie: float) -> Candidates:
    """Return the pairs that ``propose_pairs`` would return, or a few more."""
    torch = optional_module("torch", "torch")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    n = len(centered)
    factors = squaring_factors(centered, np.arange(n))
    left = torch.from_numpy(factors.left(slice(None))).to(device)
    right = torch.from_numpy(factors.right).to(device)
    width = min(neighbors + MARGIN, n)
    step = max(1, BLOCK_CELLS // n)
    blocks = []
    with _full_float32(torch), torch.inference_mode():
        for start in range(0, n, step):
            squared = left[start : start + step] @ right.T
            nearest = torch.topk(squared, width, largest=False)
            blocks.append([part.cpu().numpy() for part in nearest])
    squared, columns = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    n_terms = factors.right.shape[1]
    kth = squared[:, neighbors - 1]
    cutoff = cutoffs(kth, factors.norms, n_terms, np.float32, tie)
    settled = (squared[:, -1] > cutoff) | (width == n)
    place, slot = np.nonzero((squared <= cutoff[:, None]) & settled[:, None])
    first, second = _once(place, columns[place, slot], n)
    return Candidates(first, second, settled)


def _once(
    rows: NDArray[np.int64], columns: NDArray[np.int64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each pair once, in either order, and no sample with itself."""
    apart = rows != columns
    rows, columns = rows[apart], columns[apart]
    keys = np.unique(np.minimum(rows, columns) * n + np.maximum(rows, columns))
    return np.divmod(keys, n)


@contextmanager
def _full_float32(torch: Any) -> Iterator[None]:
    """Keep torch from rounding factors to TF32 or bfloat16 within the context."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)

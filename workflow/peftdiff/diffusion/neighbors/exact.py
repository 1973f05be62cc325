"""Exact nearest neighbors: float32 products propose, float64 distances decide."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.neighbors.neighborhoods import Neighborhoods
from peftdiff.diffusion.neighbors.pairs import (
    Index,
    Pairs,
    nearest_pairs,
    pair_distances,
    repaired_distances,
)
from peftdiff.diffusion.neighbors.rounding import cutoffs, kth_bound
from peftdiff.diffusion.neighbors.tiles import Candidates, propose_pairs
from peftdiff.diffusion.validity import UndefinedScore

DIRECT = 1500  # up to this many samples float64 products cost less than proposals
TIE = 1e-12  # distances closer than this, relative to the largest row norm, are ties
BLOCK_CELLS = 16_000_000  # float64 products held at once (128 MB)
MAX_PAIRS = 50_000_000  # surplus pairs; only equal rows give more than this

Floats = NDArray[np.float64]
Propose = Callable[[Floats, int, float], Candidates]


def exact_neighbors(
    features: NDArray[np.floating], neighbors: int, propose: Propose = propose_pairs
) -> Neighborhoods:
    """Find all samples no farther away than each sample's k-th nearest.

    float32 products propose all samples that could belong, given how inaccurate such
    products may be; their distances are computed again in float64, so that neither the
    number of threads nor the order of the samples matters. For few samples, and where
    float32 leaves too many candidates (tight clusters), the products are float64.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    neighbors : int
        1 .. n, the sample itself counted.
    propose : callable
        Proposes pairs of samples by float32 products.

    Returns
    -------
    Neighborhoods

    Raises
    ------
    UndefinedScore
        When ties make the neighborhoods too large to hold.
    """
    # A power of two, so that scaling rounds nothing; no square over- or underflows.
    largest = max(float(features.max()), -float(features.min()))
    scale = float(np.exp2(np.frexp(largest)[1] - 1))
    centered = np.divide(features, scale, dtype=np.float64)
    tie = TIE * float(np.sqrt(np.einsum("ij,ij->i", centered, centered).max()))
    centered -= centered.mean(axis=0)
    if len(features) <= DIRECT and propose is propose_pairs:
        found = list(_by_products(centered, np.arange(len(features)), neighbors, tie))
    else:
        candidates = propose(centered, neighbors, tie)
        found = [nearest_pairs(_both_ways(centered, candidates), neighbors, tie)]
        unsettled = np.flatnonzero(~candidates.settled)
        found.extend(_by_products(centered, unsettled, neighbors, tie))
    rows, columns, distances = (
        np.concatenate(parts) for parts in zip(*found, strict=True)
    )
    order = np.argsort(rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows))])
    return Neighborhoods(starts, columns[order], distances[order] * scale, tie * scale)


def _both_ways(centered: Floats, candidates: Candidates) -> Pairs:
    """Return each settled sample's candidates, itself first."""
    first, second, settled = candidates
    distances = pair_distances(centered, first, second)
    everyone = np.arange(len(centered))
    rows = np.concatenate([everyone, first, second])
    columns = np.concatenate([everyone, second, first])
    distances = np.concatenate([np.zeros(len(everyone)), distances, distances])
    kept = settled[rows]
    return Pairs(rows[kept], columns[kept], distances[kept])


def _by_products(
    centered: Floats, rows: Index, neighbors: int, tie: float
) -> Iterator[Pairs]:
    """Yield the neighbors of some samples, found by float64 products."""
    norms = np.einsum("ij,ij->i", centered, centered)
    n_terms = centered.shape[1] + 2
    excess = 0
    step = max(1, BLOCK_CELLS // len(centered))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        # A product of a matrix with itself takes half the time.
        left = centered if len(block) == len(centered) else centered[block]
        products = left @ centered.T
        # |b|^2 / 2 - ab is enough to compare by: one pass over the matrix, not three.
        halves = np.subtract(norms / 2, products, out=products)
        block_norms = norms[block]
        kth = block_norms + 2 * kth_bound(halves, neighbors)
        cutoff = cutoffs(kth, np.sqrt(block_norms), n_terms, np.float64, tie)
        place, columns = np.nonzero(halves <= ((cutoff - block_norms) / 2)[:, None])
        sums = block_norms[place] + norms[columns]
        squared = block_norms[place] + 2 * halves[place, columns]
        pairs = Pairs(block[place], columns, squared)
        pairs = pairs._replace(distances=repaired_distances(centered, pairs, sums))
        found = nearest_pairs(pairs, neighbors, tie)
        excess += len(found.rows) - neighbors * len(block)
        if excess > MAX_PAIRS:
            raise UndefinedScore(
                "features hold so many equal rows that their neighborhoods do not fit "
                "into memory; drop the duplicates"
            )
        yield found

"""The ranking of a pool of methods by how each changed the classes."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from peftdiff.diffusion.inputs import check_choice

Floats = NDArray[np.float64]

EQUAL = 1e-12  # values that differ by less, relative to the largest, count as equal


def rank_pool(
    pool: Mapping[str, tuple[float, float]],
    backbone: tuple[float, float],
    combine: str = "minmax",
) -> dict[str, float]:
    """Score each method by its change of the class distances against the backbone.

    Looser classes (a higher intra) lower the score, as the poster's text says; its
    printed sum would reward them.

    Parameters
    ----------
    pool : mapping of str to (intra, inter)
        The class distances of each method's embedding of a task, as
        ``diffusion_score`` returns them.
    backbone : (intra, inter)
        The class distances of the frozen backbone's embedding.
    combine : {"minmax", "zscore", "relative"}
        With Delta = method - backbone,
        "minmax": minmax(Delta inter) + 1 - minmax(Delta intra) over the pool;
        "zscore": z(Delta inter) - z(Delta intra) over the pool;
        "relative": Delta inter / inter - Delta intra / intra of the backbone, the only
        one that depends on the backbone and on no other method.

    Returns
    -------
    dict of str to float
        Higher is better. A distance in which the whole pool agrees says nothing: each
        method gets the middle, 0.5 (minmax) or 0 (zscore), so that a pool of one method
        scores 1 or 0.

    Raises
    ------
    ValueError
        For an empty pool, a value that is not finite, or, with "relative", a backbone
        distance of zero.
    """
    check_choice("combine", combine, tuple(_COMBINE))
    if not pool:
        raise ValueError("pool is empty; a ranking needs at least one method")
    for name, pair in {**pool, "the backbone": backbone}.items():
        if not np.isfinite(pair).all():
            raise ValueError(f"{name} has a class distance that is not finite: {pair}")
    scores = pool_scores(list(pool.values()), backbone, combine)
    return dict(zip(pool, scores.tolist(), strict=True))


def pool_scores(
    distances: ArrayLike, backbone: ArrayLike, combine: str = "minmax"
) -> Floats:
    """Score the methods of many pools at once, each pool as ``rank_pool`` does.

    Parameters
    ----------
    distances : array_like, shape (..., n_methods, 2)
        (intra, inter) of each method; the leading axes are the pools.
    backbone : array_like, shape (..., 2)
        (intra, inter) of each pool's backbone; leading axes are broadcast.
    combine : {"minmax", "zscore", "relative"}
        See ``rank_pool``.

    Returns
    -------
    ndarray, shape (..., n_methods)

    Raises
    ------
    ValueError
        For an empty pool, a value that is not finite, or, with "relative", a backbone
        distance of zero.
    """
    check_choice("combine", combine, tuple(_COMBINE))
    pools = np.asarray(distances, dtype=np.float64)
    reference = np.asarray(backbone, dtype=np.float64)[..., None, :]
    if pools.ndim < 2 or pools.shape[-2] == 0 or pools.shape[-1] != 2:
        raise ValueError(
            f"distances must have the shape (..., methods, 2), got {pools.shape}"
        )
    if not (np.isfinite(pools).all() and np.isfinite(reference).all()):
        raise ValueError("distances contain a value that is not finite; leave it out")
    return _COMBINE[combine](pools, reference)


# ASSUME: tighter classes are better. The poster says so in words ("a negative change in
# intra-score indicates ... improved") but prints a plain sum.
def _minmax(distances: Floats, reference: Floats) -> Floats:
    changes = distances - reference
    low = changes.min(axis=-2, keepdims=True)
    span = np.ptp(changes, axis=-2, keepdims=True)
    equal = _agree(distances, reference)
    share = np.where(equal, 0.5, (changes - low) / np.where(equal, 1, span))
    return np.asarray(share[..., 1] + (1 - share[..., 0]))


def _zscore(distances: Floats, reference: Floats) -> Floats:
    changes = distances - reference
    equal = _agree(distances, reference)
    deviation = np.where(equal, 1, changes.std(axis=-2, keepdims=True))
    around = changes - changes.mean(axis=-2, keepdims=True)
    standard = np.where(equal, 0, around / deviation)
    return np.asarray(standard[..., 1] - standard[..., 0])


def _relative(distances: Floats, reference: Floats) -> Floats:
    zero = (reference == 0).any(axis=-1)
    if zero.any():
        raise ValueError(
            "combine='relative' divides by the backbone's class distances, but one of "
            f"them is zero: {tuple(reference[zero][0].tolist())}"
        )
    change = (distances - reference) / reference
    return np.asarray(change[..., 1] - change[..., 0])


def _agree(distances: Floats, reference: Floats) -> NDArray[np.bool_]:
    """Return for intra and inter whether a pool's values are equal up to rounding."""
    largest = np.abs(distances).max(axis=-2, keepdims=True)
    largest = np.maximum(largest, np.abs(reference))
    spread = np.ptp(distances, axis=-2, keepdims=True)
    return np.asarray(spread <= EQUAL * largest)


_COMBINE: dict[str, Callable[[Floats, Floats], Floats]] = {
    "minmax": _minmax,
    "zscore": _zscore,
    "relative": _relative,
}

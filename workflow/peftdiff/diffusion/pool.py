"""The ranking of a pool of methods by what each did to the classes."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from peftdiff.diffusion.inputs import check_choice

Floats = NDArray[np.float64]

EQUAL = 1e-12  # values closer than this, relative to the largest, are rounding


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
        What ``diffusion_score`` gives for each method's embedding of a task.
    backbone : (intra, inter)
        The same for the frozen backbone.
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
    distances = np.array(list(pool.values()), dtype=np.float64)
    reference = np.array(backbone, dtype=np.float64)
    scores = _COMBINE[combine](distances, reference)
    return dict(zip(pool, scores.tolist(), strict=True))


# ASSUME: tighter classes are better. The poster says so in words ("a negative change in
# intra-score indicates ... improved") but prints a plain sum.
def _minmax(distances: Floats, reference: Floats) -> Floats:
    changes = distances - reference
    low, span = changes.min(axis=0), np.ptp(changes, axis=0)
    equal = _agree(distances, reference)
    share = np.where(equal, 0.5, (changes - low) / np.where(equal, 1, span))
    return np.asarray(share[:, 1] + (1 - share[:, 0]))


def _zscore(distances: Floats, reference: Floats) -> Floats:
    changes = distances - reference
    equal = _agree(distances, reference)
    deviation = np.where(equal, 1, changes.std(axis=0))
    standard = np.where(equal, 0, (changes - changes.mean(axis=0)) / deviation)
    return np.asarray(standard[:, 1] - standard[:, 0])


def _relative(distances: Floats, reference: Floats) -> Floats:
    if not reference.all():
        raise ValueError(
            "combine='relative' divides by the backbone's class distances, but one of "
            f"them is zero: {tuple(reference.tolist())}"
        )
    change = (distances - reference) / reference
    return np.asarray(change[:, 1] - change[:, 0])


def _agree(distances: Floats, reference: Floats) -> NDArray[np.bool_]:
    """Return for intra and inter whether the pool differs by no more than rounding."""
    largest = np.maximum(np.abs(distances).max(axis=0), np.abs(reference))
    return np.asarray(np.ptp(distances, axis=0) <= EQUAL * largest)


_COMBINE: dict[str, Callable[[Floats, Floats], Floats]] = {
    "minmax": _minmax,
    "zscore": _zscore,
    "relative": _relative,
}

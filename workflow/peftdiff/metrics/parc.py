"""PARC (Bolya et al., NeurIPS 2021): whether features differ where classes do.

100 times Spearman's correlation, over all pairs of samples, between 1 - corr(features)
and 1 - corr(one-hot labels). The latter takes only two values, one for pairs within a
class and one for all others, which turns the correlation into a Mann-Whitney statistic:

    100 (2 A - 1) sqrt(3 q (1 - q) N^2 / ((N^2 - 1) (1 - T)))

where N = n (n - 1) / 2 is the number of pairs, q the share of pairs within a class, A
the probability that a pair across classes is farther apart than one within (ties count
half), and T the sum of t^3 - t over groups of t equally distant pairs, divided by
N^3 - N.
"""

from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

from peftdiff.diffusion.inputs import check_choice, check_count
from peftdiff.metrics.reductions import Embedding
from peftdiff.metrics.validity import UndefinedScore
from peftdiff.parameters import OneOf

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

DISTANCES = ("correlation", "cosine")
TIE = 1e-12  # distances closer than this are ties
CHUNK = 1_000_000  # pairs ranked at once


def score(
    embedding: Embedding,
    labels: Codes,
    *,
    components: Annotated[int, Ge(2)] | None = 32,
    distance: Annotated[str, OneOf(DISTANCES)] = "correlation",
) -> float:
    """Return PARC of all pairs of samples.

    As in the authors' code, features are reduced to their leading principal components
    and each of these is scaled to variance 1. Here the components are exact; theirs are
    a randomized approximation, which moves the value by 1 to 10 %. Their labels'
    distances are rounded, which breaks ties; here they tie. All samples are used;
    the paper draws 500. All distances are held and ranked: about 9 n^2 bytes, 0.9 GB
    for n = 10 000.

    Parameters
    ----------
    embedding : Embedding, of shape (n, d)
    labels : ndarray, shape (n,)
    components : int or None
        Number of principal components kept, if the features have that many; None keeps
        the features themselves, each column scaled to variance 1.
    distance : {"correlation", "cosine"}
        "correlation" subtracts each row's mean over the components, so that it depends
        on their signs, which are arbitrary. They are chosen as by the scikit-learn of
        the paper: the sample farthest from the mean is positive. (Components of equal
        variance, whose axes themselves are arbitrary, are those of the solver.)
        "cosine" depends on neither.

    Returns
    -------
    float
        Within [-100, 100], but at most 100 sqrt(3 q (1 - q)) without ties: 87 for two
        balanced classes, 52 for ten, 17 for a hundred. Invariant under scaling,
        shifting and, with `components`, rotating the features.

    Raises
    ------
    UndefinedScore
        Where no class has two samples, where fewer than two directions vary, where a
        row has no direction, or where all pairs are equally far apart.
    ValueError
        For a bad `components` or `distance`.
    """
    check_choice("distance", distance, DISTANCES)
    if components is not None:
        check_count("components", components, 2)
    counts = np.bincount(labels)
    if counts.max() == 1:
        raise UndefinedScore(
            "labels give no class two samples; PARC compares pairs within a class with "
            "pairs across classes"
        )
    order = np.argsort(labels, kind="stable")
    rows = _standardized(embedding, components)[order]
    distances, n_within = _pair_distances(_directions(rows, order, distance), counts)
    return 100 * _rank_correlation(distances, n_within)


def _standardized(embedding: Embedding, components: int | None) -> Floats:
    """Return centered columns of variance 1; constant ones stay 0."""
    centered = embedding.centered
    if components is not None:
        centered = _fixed_components(embedding, components)
    deviations = centered.std(axis=0)
    varies = deviations > 0
    if varies.sum() < 2:
        raise UndefinedScore(
            f"features vary in {varies.sum()} directions; PARC correlates rows, which "
            "needs at least 2"
        )
    return np.asarray(centered / np.where(varies, deviations, 1))


def _fixed_components(embedding: Embedding, components: int) -> Floats:
    """Return the leading components that are more than rounding, with fixed signs."""
    points, squares = embedding.components(components)
    points = points[:, squares > embedding.negligible(squares[0])]
    return np.asarray(points * _signs(points))


def _signs(columns: Floats) -> Floats:
    """Return the signs that make the entry farthest from 0 positive.

    Where an entry of the other sign is as far from 0, the first pair of sorted entries
    that differ in size decides.
    """
    ascending = np.sort(columns, axis=0)
    balance = ascending[::-1] + ascending
    balance[np.abs(balance) <= TIE * np.abs(columns).max(axis=0)] = 0
    first = (balance != 0).argmax(axis=0)
    return np.where(balance[first, np.arange(columns.shape[1])] < 0, -1.0, 1.0)


def _directions(rows: Floats, order: Codes, distance: str) -> Floats:
    """Return unit rows, whose squared Euclidean distance is twice their `distance`."""
    if distance == "correlation":
        rows = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    if lengths.min() <= TIE * lengths.max():
        raise UndefinedScore(
            f"features at row {order[lengths.argmin()]} have no {distance} with "
            "others: standardized, all entries are equal; drop that image"
        )
    return np.asarray(rows / lengths[:, None])


def _pair_distances(rows: Floats, counts: Codes) -> tuple[Floats, int]:
    """Return all pairs' distances, those within a class first, and how many these are.

    Rows are sorted by class; `counts` are the classes' sizes.
    """
    n = len(rows)
    within = int((counts * (counts - 1) // 2).sum())
    distances = np.empty(n * (n - 1) // 2)
    first, inner, outer = 0, 0, within
    for count in counts.tolist():
        end = first + count
        if count > 1:
            n_pairs = count * (count - 1) // 2
            within_class = distances[inner : inner + n_pairs]
            pdist(rows[first:end], "sqeuclidean", out=within_class)
            inner += n_pairs
        if end < n:
            n_pairs = count * (n - end)
            across = distances[outer : outer + n_pairs].reshape(count, n - end)
            cdist(rows[first:end], rows[end:], "sqeuclidean", out=across)
            outer += n_pairs
        first = end
    return distances, within


def _rank_correlation(distances: Floats, n_within: int) -> float:
    """Return Spearman's correlation; `distances` are sorted in place."""
    n_pairs = len(distances)
    within, across = distances[:n_within], distances[n_within:]
    within.sort()
    across.sort()
    nearer = 0  # twice the number of (within, across) with the latter nearer
    for first in range(0, n_within, CHUNK):
        chunk = within[first : first + CHUNK]
        nearer += int(np.searchsorted(across, chunk - TIE, side="left").sum())
        nearer += int(np.searchsorted(across, chunk + TIE, side="right").sum())
    farther = 1 - nearer / (n_within * len(across))  # 2 A - 1
    distances.sort(kind="stable")  # merges the two sorted parts
    if distances[-1] - distances[0] <= TIE:
        raise UndefinedScore(
            "features put all pairs of samples equally far apart, so that PARC has no "
            "order to correlate"
        )
    share = n_within / n_pairs
    spread = 3 * share * (1 - share) / (1 - n_pairs**-2) / (1 - _tie_share(distances))
    return float(farther * np.sqrt(spread))


def _tie_share(ascending: Floats) -> float:
    """Return the sum of t^3 - t over groups of t ties, divided by N^3 - N."""
    n = len(ascending)
    close = np.zeros(n + 1, dtype=bool)
    np.less_equal(np.diff(ascending), TIE, out=close[1:-1])
    flips = np.flatnonzero(close[1:] != close[:-1])  # where a group starts and ends
    sizes = (flips[1::2] - flips[::2] + 1).astype(np.float64)
    return float((sizes**3 - sizes).sum() / (float(n) ** 3 - n))

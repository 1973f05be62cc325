"""k-NN (Cover and Hart, 1967): how many samples their nearest neighbors classify right.

The leave-one-out accuracy of a majority vote. As a measure of transferability, with one
neighbor and Euclidean distances, it is the baseline of Bolya et al. (NeurIPS 2021).
"""

import warnings
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from peftdiff.diffusion.graph import unit_rows
from peftdiff.diffusion.inputs import check_count
from peftdiff.diffusion.neighbors import SEARCHES, Neighborhoods, find_neighbors
from peftdiff.metrics.reductions import Embedding
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore
from peftdiff.parameters import Count, OneOf

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def score(
    embedding: Embedding,
    labels: Codes,
    *,
    neighbors: Count = 1,
    normalize: bool = False,
    search: Annotated[str, OneOf(SEARCHES)] = "exact",
) -> float:
    """Return the share of samples that a vote of their nearest neighbors gets right.

    Parameters
    ----------
    embedding : Embedding, of shape (n, d)
    labels : ndarray, shape (n,)
    neighbors : int
        Number of neighbors that vote, the sample itself not counted. With one, classes
        need no more than two samples, and the vote is Cover and Hart's rule.
    normalize : bool
        Scale rows to length 1 first, which ranks neighbors by their cosine.
    search : str
        The neighbor search, see ``find_neighbors``.

    Returns
    -------
    float
        Within [0, 1]. Neither the order of the samples nor the names of the classes
        matters: neighbors equally far away share the last votes, and classes with
        equally many votes share the decision. A class's only sample is always missed.

    Raises
    ------
    ValueError
        For an unknown search.
    UndefinedScore
        For more `neighbors` than n - 1, or, with `normalize`, a row of zeros.

    Warns
    -----
    SaturatedScore
        Where only the sizes of the classes decide: all samples vote for each, as for
        `neighbors` of n - 1 or equal distances, or all elect the same class.
    """
    n_others = len(labels) - 1
    if check_count("neighbors", neighbors, 1) > n_others:
        raise UndefinedScore(
            f"neighbors is {neighbors} but each sample has only {n_others} others"
        )
    # Distances of centered features are the same, and lose fewer digits.
    rows = unit_rows(embedding.features) if normalize else embedding.centered
    neighborhoods = find_neighbors(rows, neighbors + 1, search)
    right, elected = _decisions(_votes(neighborhoods, labels, neighbors), labels)
    if len(neighborhoods.indices) == len(labels) ** 2:
        _warn("all samples vote for each")
    elif elected == 1:
        _warn("all samples elect the same class")
    return float(right.sum() / len(labels))


def _warn(reason: str) -> None:
    warnings.warn(
        f"k-NN depends on the sizes of the classes alone: {reason}",
        SaturatedScore,
        stacklevel=3,
    )


def _votes(
    neighborhoods: Neighborhoods, labels: Codes, neighbors: int
) -> sparse.csr_array:
    """Return each sample's votes by class, shape (n, n_classes), as whole numbers.

    With m neighbors tied at the k-th distance and s nearer ones, each tied one has
    (k - s) / m of a vote; multiplied by m, all votes are whole numbers.
    """
    n = len(labels)
    rows, columns = neighborhoods.rows, neighborhoods.indices
    last = neighborhoods.radii(neighbors + 1)  # which counts the sample itself
    others = rows != columns
    tied = others & (neighborhoods.distances >= (last - neighborhoods.tolerance)[rows])
    n_tied = np.bincount(rows[tied], minlength=n)
    n_nearer = np.bincount(rows[others], minlength=n) - n_tied
    votes = np.where(tied, (neighbors - n_nearer)[rows], n_tied[rows])
    places = (rows[others], labels[columns[others]])
    return sparse.coo_array((votes[others], places), (n, labels.max() + 1)).tocsr()


def _decisions(votes: sparse.csr_array, labels: Codes) -> tuple[Floats, int]:
    """Return the right decisions, and how many classes win any.

    Tied classes share a decision.
    """
    n = len(labels)
    rows = np.repeat(np.arange(n), np.diff(votes.indptr))
    most = np.maximum.reduceat(votes.data, votes.indptr[:-1])
    elected = votes.data == most[rows]
    n_elected = np.bincount(rows[elected], minlength=n)
    right = elected & (votes.indices == labels[rows])
    return 1 / n_elected[rows[right]], len(np.unique(votes.indices[elected]))

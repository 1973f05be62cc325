"""What a ranking is worth to someone who takes its first choice, or its first three.

Methods with equal scores are taken in random order, and what is returned is the
expectation; scores that are all equal thus give that of a random choice.
"""

from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray


def regret(scores: ArrayLike, accuracies: ArrayLike) -> float:
    """Return the accuracy that is lost by taking the first choice.

    Parameters
    ----------
    scores, accuracies : array_like, shape (n_methods,)
        Higher is better in both.

    Returns
    -------
    float
        Highest accuracy minus that of the method with the highest score; at least 0, in
        the unit of the accuracies.

    Raises
    ------
    ValueError
        For a NaN, no methods, or shapes that differ.
    """
    predicted, true = _checked(scores, accuracies)
    return float(true.max() - true[predicted == predicted.max()].mean())


def top_hit(scores: ArrayLike, accuracies: ArrayLike, size: int = 3) -> float:
    """Return how surely the best method is among the highest scores.

    Parameters
    ----------
    scores, accuracies : array_like, shape (n_methods,)
        Higher is better in both.
    size : int
        How many methods are taken.

    Returns
    -------
    float
        1 where a method of the highest accuracy is among the ``size`` highest scores,
        else 0; in between where ties of scores leave that open.

    Raises
    ------
    ValueError
        For a NaN, no methods, shapes that differ, or a size below 1.
    """
    predicted, true = _checked(scores, accuracies)
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")
    if size >= len(true):
        return 1.0
    best = true == true.max()
    last = np.sort(predicted)[-size]
    above, tied = predicted > last, predicted == last
    if best[above].any():
        return 1.0
    places, candidates = size - int(above.sum()), int(tied.sum())
    missed = comb(candidates - int(best[tied].sum()), places)
    return 1 - missed / comb(candidates, places)


def _checked(
    scores: ArrayLike, accuracies: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    predicted = np.asarray(scores, dtype=np.float64)
    true = np.asarray(accuracies, dtype=np.float64)
    if predicted.ndim != 1 or predicted.shape != true.shape or not len(true):
        raise ValueError(
            "scores and accuracies must have one shape (methods,), got "
            f"{predicted.shape} and {true.shape}"
        )
    if np.isnan(predicted).any() or np.isnan(true).any():
        raise ValueError("scores or accuracies contain NaN; leave it out")
    return predicted, true

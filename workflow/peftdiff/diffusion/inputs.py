"""Checks of features, labels and options, the same for all scores."""

import math
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from peftdiff.diffusion.validity import UndefinedScore

Features = NDArray[np.floating]

BLOCK_CELLS = 100_000  # numbers checked at once


class Dataset(NamedTuple):
    """Checked features and labels.

    Attributes
    ----------
    features : ndarray of float64, or float32 where asked for, shape (n, d)
        C-contiguous; shares the caller's memory where that fits, so never write to it.
    codes : ndarray of int64, shape (n,)
        Labels renumbered 0 .. n_classes - 1 in sorted order.
    n_classes : int
        How many different labels there are, at least 2.
    """

    features: Features
    codes: NDArray[np.int64]
    n_classes: int


def check_dataset(
    features: ArrayLike,
    labels: ArrayLike,
    name: str = "features",
    keep_single: bool = False,
) -> Dataset:
    """Return features and labels in the form all scores work on.

    Parameters
    ----------
    features : array_like, shape (n, d)
        Real, finite numbers.
    labels : array_like, shape (n,)
        Class names or whole numbers; gaps are allowed.
    name : str
        Name of the features in error messages.
    keep_single : bool
        Whether float32 features stay float32, which avoids a copy of contiguous ones,
        even if they are mapped from a file.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        For a wrong shape or type, no samples, a value that is not finite, labels that
        do not match the features, or fewer than two classes.
    """
    checked = check_features(features, name, keep_single)
    codes, n_classes = check_labels(labels, len(checked), name)
    return Dataset(checked, codes, n_classes)


def check_features(
    features: ArrayLike, name: str = "features", keep_single: bool = False
) -> Features:
    """Return finite features of shape (n, d), or raise ValueError.

    They are float64; with `keep_single` those given as float32 stay so.
    """
    array = np.asarray(features)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, got dtype {array.dtype}")
    if array.dtype.itemsize > 8:  # what overflows below is then found to be infinite
        with np.errstate(over="ignore"):
            array = array.astype(np.float64)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have the shape (samples, dimensions), got {array.shape}"
        )
    if array.size == 0:
        raise ValueError(f"{name} are empty: shape {array.shape}")
    for rows in row_blocks(array):
        finite = np.isfinite(array[rows]).all(axis=1)
        if not finite.all():
            row = rows.start + int(np.argmin(finite))
            kind = "NaN" if np.isnan(array[row]).any() else "an infinite value"
            raise ValueError(
                f"{name} contain {kind} at row {row}; drop or repair that image"
            )
    single = keep_single and array.dtype == np.float32
    return np.ascontiguousarray(array, dtype=np.float32 if single else np.float64)


def row_blocks(array: NDArray[Any]) -> Iterator[slice]:
    """Yield the rows in blocks that fit the cache, and read a mapped file in pieces."""
    step = max(1, BLOCK_CELLS // array.shape[1])
    for first in range(0, len(array), step):
        yield slice(first, first + step)


def check_labels(
    labels: ArrayLike, n_samples: int, name: str = "features"
) -> tuple[NDArray[np.int64], int]:
    """Return class codes of shape (n,) and the class count, or raise ValueError.

    One class only is an UndefinedScore.
    """
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"labels must have the shape (samples,), got {array.shape}")
    if len(array) != n_samples:
        raise ValueError(
            f"labels name {len(array)} samples but {name} have {n_samples} rows"
        )
    _check_names(array)
    classes, codes = np.unique(array, return_inverse=True)
    if len(classes) < 2:
        raise UndefinedScore(
            f"labels name one class only ({classes[0]}); a score needs at least two"
        )
    return codes.astype(np.int64), len(classes)


def _check_names(labels: NDArray[Any]) -> None:
    """Raise ValueError unless all labels are class names or whole numbers."""
    if labels.dtype.kind not in "biufOSTU":
        raise ValueError(
            f"labels must be class names or whole numbers, got dtype {labels.dtype}"
        )
    if labels.dtype.kind == "f":
        valid = np.isfinite(labels) & (labels == np.floor(labels))
    elif labels.dtype.kind == "O":
        kinds = (str,) if isinstance(labels[0], str) else (int, np.integer)
        valid = np.array([isinstance(label, kinds) for label in labels])
    else:
        return
    if not valid.all():
        row = int(np.argmin(valid))
        raise ValueError(
            f"labels must be class names or whole numbers, got {labels[row]} at {row}"
        )


def check_count(name: str, value: int, low: int, high: int | None = None) -> int:
    """Return a whole number within [low, high], or raise ValueError naming it.

    More than there are samples is an UndefinedScore.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    count = int(value)
    if count < low:
        raise ValueError(f"{name} must be at least {low}, got {count}")
    if high is not None and count > high:
        raise UndefinedScore(f"{name} is {count} but there are only {high} samples")
    return count


def check_positive(name: str, value: float) -> float:
    """Return a finite number above 0, or raise ValueError naming it."""
    if (
        not isinstance(value, int | float | np.integer | np.floating)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or value <= 0
    ):
        raise ValueError(f"{name} must be a number above 0, got {value!r}")
    return float(value)


def check_choice(name: str, value: str, choices: Collection[str]) -> str:
    """Return a choice if it is one of the known ones, or raise ValueError."""
    if value not in choices:
        known = ", ".join(choices)
        raise ValueError(f"{name} must be one of {known}; got {value!r}")
    return value


def drop_small_classes(dataset: Dataset, min_class_size: int) -> Dataset:
    """Return the dataset without classes of fewer samples, and renumber the others.

    Raises
    ------
    UndefinedScore
        When fewer than two classes remain.
    """
    check_count("min_class_size", min_class_size, 1)
    large = np.bincount(dataset.codes) >= min_class_size
    if large.all():
        return dataset
    if large.sum() < 2:
        raise UndefinedScore(
            f"fewer than two classes have min_class_size={min_class_size} samples"
        )
    kept = large[dataset.codes]
    codes = (np.cumsum(large) - 1)[dataset.codes[kept]]
    return Dataset(dataset.features[kept], codes, int(large.sum()))

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def dataset(n, d, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.minimum(np.arange(n) % (n_classes + 2), n_classes - 1)
    return rng.normal(size=(n, d)) + rng.normal(size=(n_classes, d))[labels], labels


def rate(rows, eps):
    m, d = rows.shape
    return np.linalg.slogdet(np.eye(d) + rows.T @ rows / (m * eps))[1] / 2


def brute_force(features, labels, eps=1e-4, weighting="class_size"):
    """Both rates from d x d determinants, class by class."""
    centered = features - features.mean(axis=0)
    classes = [centered[labels == label] for label in np.unique(labels)]
    shares = [
        len(own) / len(labels) if weighting == "class_size" else 1 / len(classes)
        for own in classes
    ]
    given_labels = sum(
        s * rate(own, eps) for s, own in zip(shares, classes, strict=True)
    )
    return rate(centered, eps) - given_labels


@pytest.mark.parametrize("weighting", ["class_size", "uniform"])
@pytest.mark.parametrize("eps", [1e-4, 0.5])
@pytest.mark.parametrize(
    ("n", "d", "n_classes"),
    [(50, 4, 2), (40, 1, 3), (40, 30, 5), (20, 60, 3), (40, 6, 25)],
)
def test_dense_determinants(n, d, n_classes, eps, weighting):
    features, labels = dataset(n, d, n_classes)
    found = compute("transrate", features, labels, eps=eps, weighting=weighting)
    expected = brute_force(features, labels, eps, weighting)
    assert found == pytest.approx(expected, rel=1e-9)


def exact_rate(rows, eps):
    """Return the coding rate of rows of fractions, its determinant without rounding."""
    m, d = len(rows), len(rows[0])
    if m < d:  # AA' has the same determinant
        rows, m_rows = list(zip(*rows, strict=True)), d
    else:
        m_rows = m
    size = len(rows[0])
    matrix = [
        [
            sum(rows[k][i] * rows[k][j] for k in range(m_rows)) / (m * eps) + (i == j)
            for j in range(size)
        ]
        for i in range(size)
    ]
    log_determinant = 0.0
    for k in range(size):
        pivot = matrix[k][k]  # of a matrix above I, never below 1
        below = pivot - 1
        log_determinant += math.log1p(below) if below < 1 else math.log(pivot)
        for i in range(k + 1, size):
            factor = matrix[i][k] / pivot
            for j in range(k, size):
                matrix[i][j] -= factor * matrix[k][j]
    return log_determinant / 2


def exact(features, labels, eps=1e-4):
    rows = [[Fraction(value) for value in row] for row in features.tolist()]
    n = len(rows)
    means = [sum(column) / n for column in zip(*rows, strict=True)]
    centered = [[x - m for x, m in zip(row, means, strict=True)] for row in rows]
    value = exact_rate(centered, Fraction(eps))
    for label in np.unique(labels):
        own = [centered[i] for i in np.flatnonzero(labels == label)]
        value -= len(own) / n * exact_rate(own, Fraction(eps))
    return value


@pytest.mark.parametrize("offset", [0, 1e4])
@pytest.mark.parametrize("scale", 10.0 ** np.arange(-9, 13, 3))
@pytest.mark.parametrize(
    ("n", "d", "rank"), [(10, 4, 4), (10, 5, 2), (7, 9, 9), (7, 9, 2)]
)
def test_exact_determinants_at_any_scale(n, d, rank, scale, offset):
    features, labels = dataset(n, rank, seed=1)
    if rank < d:
        features = features @ np.random.default_rng(2).normal(size=(rank, d))
        features[1] = features[0]
    features = scale * (features + offset)
    found = unless_announced(features, labels)
    if found is None:
        # Only where values are of the size of rounding, or rounding of that of eps.
        hidden = rank < min(n, d) and scale * (1 + offset) >= 1e6
        assert scale < 1e-6 or scale > 1e9 or hidden
    else:
        # Rates far below 1 share their first digits.
        digits = 1e-8 if scale > 1e-4 else 1e-6
        assert found == pytest.approx(exact(features, labels), rel=digits)


def unless_announced(features, labels):
    with warnings.catch_warnings(action="error", category=SaturatedScore):
        try:
            return compute("transrate", features, labels)
        except (UndefinedScore, SaturatedScore):
            return None


def test_one_dimension_by_hand():
    features = np.array([[-3.0], [-1.0], [1.0], [3.0]])
    labels = np.array([0, 1, 1, 0])
    expected = (np.log1p(5 / 2) - (np.log1p(9 / 2) + np.log1p(1 / 2)) / 2) / 2
    found = compute("transrate", features, labels, eps=2)
    assert found == pytest.approx(expected, rel=1e-12)


def test_classes_that_look_alike_gain_nothing():
    half = np.random.default_rng(0).normal(size=(30, 4))
    half -= half.mean(axis=0)
    labels = np.repeat([0, 1], 30)
    with pytest.warns(SaturatedScore, match="0 up to rounding"):
        found = compute("transrate", np.vstack([half, half]), labels)
    assert found == pytest.approx(0, abs=1e-12)
    with pytest.warns(SaturatedScore, match="features are constant"):
        assert compute("transrate", np.ones((60, 4)), labels) == 0


def test_normalization_is_a_mean_variance_of_one():
    features, labels = dataset(50, 6)
    scaled = features / np.sqrt(features.var(axis=0).mean())
    expected = brute_force(scaled, labels)
    for scale in (1e-150, 1e-3, 1.0, 1e150):
        found = compute("transrate", scale * features, labels, normalize=True)
        assert found == pytest.approx(expected, rel=1e-10)
    small = compute("transrate", 1e-3 * features, labels)
    assert small < 0.9 * expected


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(8, 40), st.integers(1, 30))
def test_order_names_rotation_and_shift_do_not_matter(seed, n, d):
    features, labels = dataset(n, d, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    rotation = ortho_group.rvs(d, random_state=seed) if d > 1 else -np.eye(1)
    expected = compute("transrate", features, labels)
    for found in (
        compute("transrate", features[order], labels[order]),
        compute("transrate", features, rng.permutation(3)[labels]),
        compute("transrate", features @ rotation + rng.normal(size=d), labels),
    ):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eps": 0}, "eps must be a number above 0, got 0"),
        ({"weighting": "none"}, "weighting must be one of class_size, uniform"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        compute("transrate", *dataset(20, 3), **options)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group
from sklearn.covariance import ledoit_wolf
from sklearn.cross_decomposition import CCA

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore


def dataset(n, d, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    return rng.normal(size=(n, d)) + rng.normal(size=(n_classes, d))[labels], labels


def between(features, labels):
    """The covariance of E[f|y], with every sample replaced by its class's mean."""
    means = np.zeros_like(features)
    for label in np.unique(labels):
        means[labels == label] = features[labels == label].mean(axis=0)
    return np.atleast_2d(np.cov(means, rowvar=False, bias=True))


def brute_force(features, labels):
    covariance = np.atleast_2d(np.cov(features, rowvar=False, bias=True))
    inverse = np.linalg.pinv(covariance, rcond=1e-12, hermitian=True)
    return np.trace(inverse @ between(features, labels))


def brute_force_regularized(features, labels):
    covariance, shrinkage = ledoit_wolf(features)
    inverse = np.linalg.inv(np.atleast_2d(covariance))
    return (1 - shrinkage) * np.trace(inverse @ between(features, labels))


@pytest.mark.parametrize(
    ("n", "d", "n_classes"), [(50, 4, 2), (40, 1, 3), (40, 30, 5), (60, 6, 29)]
)
def test_trace_of_dense_matrices(n, d, n_classes):
    data = dataset(n, d, n_classes)
    expected = brute_force(*data)
    assert compute("h_score", *data) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("n", "d", "n_classes"),
    [(50, 4, 2), (40, 1, 3), (40, 39, 5), (20, 21, 2), (30, 90, 3), (60, 200, 29)],
)
def test_regularized_trace_of_dense_matrices(n, d, n_classes):
    data = dataset(n, d, n_classes)
    expected = brute_force_regularized(*data)
    found = compute("h_score", *data, regularized=True)
    assert found == pytest.approx(expected, rel=1e-10)


def test_two_classes_share_the_squared_multiple_correlation():
    # For C = 2 the H-score is R^2 of a linear regression of the labels.
    features, labels = dataset(60, 5, n_classes=2)
    design = np.column_stack([features, np.ones(60)])
    fitted = design @ np.linalg.lstsq(design, labels.astype(float))[0]
    expected = np.var(fitted) / np.var(labels)
    assert compute("h_score", features, labels) == pytest.approx(expected, rel=1e-10)


def test_sum_of_squared_canonical_correlations():
    features, labels = dataset(80, 4)
    indicators = np.eye(3)[labels][:, :2]
    scores = CCA(2, max_iter=10_000, tol=1e-14).fit_transform(features, indicators)
    correlations = [np.corrcoef(scores[0][:, i], scores[1][:, i])[0, 1] for i in (0, 1)]
    expected = np.sum(np.square(correlations))
    assert compute("h_score", features, labels) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("wide", [8, 30])
def test_rank_below_both_sizes(wide):
    features, labels = dataset(25, 5)
    mixed = features @ np.random.default_rng(1).normal(size=(5, wide)) + 7.3
    expected = compute("h_score", features, labels)
    assert compute("h_score", mixed, labels) == pytest.approx(expected, rel=1e-9)
    with_constant = np.column_stack([features, np.full((25, 2), 0.1)])
    found = compute("h_score", with_constant, labels)
    assert found == pytest.approx(expected, rel=1e-10)


def test_single_precision_noise_is_not_a_dimension():
    features, labels = dataset(60, 5)
    mixed = (features @ np.random.default_rng(1).normal(size=(5, 8))).astype(np.float32)
    expected = compute("h_score", features, labels)
    assert compute("h_score", mixed, labels) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n", "d"), [(20, 19), (20, 40), (20, 20)])
def test_saturates_where_any_labels_are_fitted(n, d):
    features, labels = dataset(n, d, n_classes=4)
    shuffled = np.random.default_rng(0).permutation(labels)
    for each in (labels, shuffled):
        with pytest.warns(
            SaturatedScore, match="span 19 dimensions, so that H = C - 1"
        ):
            found = compute("h_score", features, each)
        assert found == pytest.approx(3, rel=1e-8)
    different = [
        compute("h_score", features, each, regularized=True)
        for each in (labels, shuffled)
    ]
    assert different[0] > different[1] + 0.1


def test_one_dimension_fewer_does_not_saturate():
    features, labels = dataset(20, 18, n_classes=4)
    expected = brute_force(features, labels)
    assert expected < 2.999
    assert compute("h_score", features, labels) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("regularized", [False, True])
def test_features_and_labels_that_say_nothing(regularized):
    features, labels = dataset(20, 4)
    with pytest.warns(SaturatedScore, match="features are constant"):
        assert compute("h_score", 0 * features + 0.1, labels) == 0
    with pytest.warns(SaturatedScore, match="every sample has a class of its own"):
        compute("h_score", features, np.arange(20), regularized=regularized)
    centered = features.copy()
    for label in range(3):
        centered[labels == label] -= features[labels == label].mean(axis=0)
    found = compute("h_score", centered, labels, regularized=regularized)
    assert found == pytest.approx(0, abs=1e-14)


def test_covariance_that_needs_no_shrinkage():
    # Samples at +-v only: S = v v' exactly, and the inverse is the pseudo-inverse.
    signs = np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
    features = signs[:, None] * [1.0, 2.0, -1.0]
    labels = np.array([0, 0, 1, 1, 1, 0])
    found = compute("h_score", features, labels, regularized=True)
    assert found == pytest.approx(1 / 9, rel=1e-12)


def test_covariance_that_is_a_multiple_of_the_identity():
    features = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]] * 2)
    labels = np.array([0, 1, 0, 1, 0, 1, 1, 0])
    found = compute("h_score", features, labels, regularized=True)
    assert found == pytest.approx(compute("h_score", features, labels), rel=1e-12)


def test_covariance_shrunk_to_a_multiple_of_the_identity():
    features, labels = dataset(8, 2)
    assert ledoit_wolf(features)[1] == 1
    with pytest.warns(SaturatedScore, match="shrunk to a multiple of I"):
        assert compute("h_score", features, labels, regularized=True) == 0


@pytest.mark.filterwarnings("ignore:the H-score is the same for any labels")
@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(8, 40), st.integers(1, 6))
def test_order_names_and_linear_maps_do_not_matter(seed, n, d):
    features, labels = dataset(n, d, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    rotations = [
        ortho_group.rvs(d, random_state=seed + i) if d > 1 else -np.eye(1)
        for i in (0, 1)
    ]
    linear = rotations[0] * np.geomspace(0.1, 10, d) @ rotations[1]
    expected = compute("h_score", features, labels)
    for found in (
        compute("h_score", features[order], labels[order]),
        compute("h_score", features, rng.permutation(3)[labels]),
        compute("h_score", features @ linear + 5, labels),
    ):
        assert found == pytest.approx(expected, rel=1e-9)
    regularized = compute("h_score", features, labels, regularized=True)
    for found in (
        compute("h_score", features[order], labels[order], regularized=True),
        compute("h_score", 7 * features @ rotations[0] + 5, labels, regularized=True),
    ):
        assert found == pytest.approx(regularized, rel=1e-9)


@pytest.mark.parametrize("regularized", [False, True])
@pytest.mark.parametrize("scale", [1e-150, 1e-3, 1e150])
def test_scale_does_not_matter(regularized, scale):
    features, labels = dataset(50, 6)
    expected = compute("h_score", features, labels, regularized=regularized)
    found = compute("h_score", scale * features, labels, regularized=regularized)
    assert found == pytest.approx(expected, rel=1e-10)

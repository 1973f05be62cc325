import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, ortho_group

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore


def dataset(n, d, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    return rng.normal(size=(n, d)) + rng.normal(size=(n_classes, d))[labels], labels


def brute_force(features, labels):
    """Posteriors by Bayes' rule for classes N(mu_c, I) of their observed sizes."""
    densities = []
    for label in np.unique(labels):
        own = features[labels == label]
        normal = multivariate_normal(own.mean(axis=0), np.eye(features.shape[1]))
        densities.append(len(own) * np.atleast_1d(normal.pdf(features)))
    densities = np.array(densities)
    return np.mean(densities[labels, np.arange(len(labels))] / densities.sum(axis=0))


@pytest.mark.parametrize(
    ("n", "d", "n_classes"), [(50, 4, 2), (40, 1, 3), (12, 30, 5), (60, 6, 29)]
)
def test_posteriors_of_normal_classes(n, d, n_classes):
    features, labels = dataset(n, d, n_classes)
    labels = np.where(labels == n_classes - 1, 0, labels)  # Uneven sizes.
    if labels.max() == 0:
        labels = np.arange(n) // (n // 3 * 2)
    found = compute("nearest_class_mean", features, labels)
    assert found == pytest.approx(brute_force(features, labels), rel=1e-10)


def test_two_classes_by_hand():
    # The means are -1 and 1: the log odds of the true class are 2.
    features = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    labels = np.array([0, 0, 1, 1])
    expected = 1 / (1 + np.exp(-2))
    assert compute("nearest_class_mean", features, labels) == pytest.approx(expected)


def test_large_features_are_classified_by_the_nearest_mean():
    features, labels = dataset(60, 3)
    means = np.array([features[labels == label].mean(axis=0) for label in range(3)])
    nearest = ((features[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    found = compute("nearest_class_mean", 1e6 * features, labels)
    assert found == pytest.approx(np.mean(nearest == labels), rel=1e-12)
    assert 0.5 < found < 1


def test_constant_features_give_the_class_sizes():
    labels = np.array([0, 0, 0, 1])
    with pytest.warns(SaturatedScore, match="features are constant"):
        found = compute("nearest_class_mean", np.ones((4, 3)), labels)
    assert found == pytest.approx((3**2 + 1**2) / 4**2)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(6, 40), st.integers(1, 30))
def test_order_names_rotation_and_shift_do_not_matter(seed, n, d):
    features, labels = dataset(n, d, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    rotation = ortho_group.rvs(d, random_state=seed) if d > 1 else -np.eye(1)
    moved = features @ rotation + 100 * rng.normal(size=d)
    expected = compute("nearest_class_mean", features, labels)
    for found in (
        compute("nearest_class_mean", features[order], labels[order]),
        compute("nearest_class_mean", features, rng.permutation(3)[labels]),
        compute("nearest_class_mean", moved, labels),
    ):
        assert found == pytest.approx(expected, rel=1e-10)

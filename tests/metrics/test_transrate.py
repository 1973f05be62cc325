import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore


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

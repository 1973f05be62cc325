import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg
from scipy.special import expit, softmax
from scipy.stats import ortho_group

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def dataset(n=120, d=6, n_classes=3, noise=1.5, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    centers = rng.normal(size=(n_classes, d))
    return noise * rng.normal(size=(n, d)) + centers[labels], labels


def covariances(features, labels):
    """Within-class and total covariance, class by class."""
    within = 0
    for label in np.unique(labels):
        group = features[labels == label]
        within = within + len(group) / len(labels) * np.cov(group.T, bias=True)
    return np.atleast_2d(within), np.atleast_2d(np.cov(features.T, bias=True))


def published_shrinkage(within):
    x = within.sum(axis=1)
    for _ in range(3):
        y = within @ x / np.linalg.norm(within @ x)
        x = within @ y / np.linalg.norm(within @ y)
    return max(np.exp(-5 * x @ within @ y), 1e-10)


def published_style(features, labels, shrinkage=None):
    """The metric by loops over classes and a generalized eigenproblem."""
    within, _ = covariances(features, labels)
    lam = published_shrinkage(within) if shrinkage is None else shrinkage
    posteriors, means = eigen_posteriors(features, labels, lam)
    mixed = features.copy()
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        q = softmax(posteriors[rows], axis=1)[:, [label]]
        others = np.delete(means, label, axis=0).mean(axis=0)
        mixed[rows] = q * features[rows] + (1 - q) * others
    posteriors, _ = eigen_posteriors(mixed, labels, lam)
    return posteriors[np.arange(len(labels)), labels].mean()


def eigen_posteriors(features, labels, lam):
    within, total = covariances(features, labels)
    d = len(within)
    within, total = (
        (1 - lam) * each + lam * np.trace(each) / d * np.eye(d)
        for each in (within, total)
    )
    _, vectors = linalg.eigh(total - within, within)
    means = np.array([features[labels == c].mean(axis=0) for c in np.unique(labels)])
    weights = means @ vectors @ vectors.T
    shares = np.bincount(labels) / len(labels)
    offsets = np.log(shares) - np.diag(means @ weights.T) / 2
    return softmax(features @ weights.T + offsets, axis=1), means


@pytest.mark.parametrize(
    ("n", "d", "n_classes", "noise"),
    [(120, 6, 3, 1.5), (200, 1, 2, 2.0), (90, 20, 5, 4.0), (150, 40, 2, 5.0)],
)
@pytest.mark.parametrize("shrinkage", [None, 1e-6, 0.3, 1.0])
def test_brute_force(n, d, n_classes, noise, shrinkage):
    features, labels = dataset(n, d, n_classes, noise)
    features += 3  # The origin does not matter.
    found = compute("sfda", features, labels, shrinkage=shrinkage)
    expected = published_style(features, labels, shrinkage)
    assert 0.1 < expected < 0.9999
    assert found == pytest.approx(expected, rel=1e-8)


def test_one_dimension_by_hand():
    # lam does not matter: tr(S_w) I is S_w. Two classes at +-1, variance 1.
    x, labels = np.array([0.0, 2.0, 0.0, -2.0]), np.array([0, 0, 1, 1])
    p = expit(2 * np.array([0.0, 2.0]))
    q = expit(2 * p - 1)
    mixed = q * np.array([0.0, 2.0]) - (1 - q)
    mean, variance = mixed.mean(), mixed.var()
    expected = expit(2 * mean * mixed / variance).mean()
    found = compute("sfda", x[:, None], labels)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", [1e-4, 0.3, 1.0])
def test_published_shrinkage_depends_on_the_unit(unit):
    features, labels = dataset()
    lam = published_shrinkage(unit**2 * covariances(features, labels)[0])
    found = compute("sfda", unit * features, labels)
    expected = compute("sfda", features, labels, shrinkage=lam)
    assert found == pytest.approx(expected, rel=1e-9)


def test_power_iteration_that_cannot_start():
    # Along (1, -1) only, the rows of S_w sum to zero; its eigenvalue is 2 a.
    along, labels = np.array([0.1, 0.5, 0.2, 0.9, 0.3]), np.array([0, 0, 1, 1, 1])
    features = np.stack([along, -along], axis=1)
    largest = 2 * covariances(features, labels)[0][0, 0]
    expected = compute("sfda", features, labels, shrinkage=np.exp(-5 * largest))
    assert compute("sfda", features, labels) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("n", "d"), [(40, 60), (60, 60)])
@pytest.mark.parametrize("shuffled", [False, True])
def test_fewer_samples_than_dimensions_is_saturated(n, d, shuffled):
    features, labels = dataset(n, d, noise=10.0)
    if shuffled:
        labels = np.random.default_rng(1).permutation(labels)
    with pytest.warns(SaturatedScore, match="SFDA is saturated"):
        assert compute("sfda", features, labels) == pytest.approx(1, abs=1e-9)


def test_certain_of_many_samples_is_not_saturated():
    features, labels = dataset(60, 4, noise=0.01)
    assert compute("sfda", features, labels) == pytest.approx(1, abs=1e-9)


def test_strong_shrinkage_is_not_saturated():
    features, labels = dataset(40, 60, noise=10.0)
    found = compute("sfda", features, labels, shrinkage=0.5)
    assert found == pytest.approx(published_style(features, labels, 0.5), rel=1e-9)


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        (np.full((30, 4), 7.1), np.arange(30) % 3),
        (np.zeros((30, 4)), np.arange(30) % 3),
        (np.random.default_rng(0).normal(size=(5, 3)), np.arange(5)),
        (np.random.default_rng(0).normal(size=(3, 4))[np.arange(30) % 3],) * 2,
    ],
    ids=["constant", "zero", "single samples", "points"],
)
def test_no_spread_within_classes(features, labels):
    labels = np.arange(30) % 3 if labels.ndim == 2 else labels
    with pytest.raises(UndefinedScore, match="no spread within any class"):
        compute("sfda", features, labels)


@pytest.mark.parametrize("shrinkage", [0, -0.1, 1.5, 1e-11, np.nan, "auto", True])
def test_bad_shrinkage(shrinkage):
    with pytest.raises(ValueError, match="shrinkage must"):
        compute("sfda", *dataset(), shrinkage=shrinkage)


def test_many_classes_and_single_samples():
    features, labels = dataset(600, 12, 397, noise=0.5)
    assert compute("sfda", features, labels) == pytest.approx(
        published_style(features, labels), rel=1e-8
    )


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0.5, 10), st.sampled_from([None, 0.2]))
def test_order_and_names_do_not_matter(seed, noise, shrinkage):
    features, labels = dataset(noise=noise, seed=seed)
    expected = compute("sfda", features, labels, shrinkage=shrinkage)
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(len(labels)), rng.permutation(3)
    found = compute("sfda", features[order], names[labels[order]], shrinkage=shrinkage)
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 7.0, 1e200])
def test_with_a_shrinkage_neither_scale_nor_rotation_nor_origin_matter(scale):
    features, labels = dataset()
    expected = compute("sfda", features, labels, shrinkage=0.1)
    turned = features @ ortho_group.rvs(6, random_state=0) + 5
    found = compute("sfda", scale * turned, labels, shrinkage=0.1)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("scale", "lam"), [(1e-200, 1.0), (1e200, 1e-10)])
def test_extreme_units(scale, lam):
    features, labels = dataset()
    expected = compute("sfda", features, labels, shrinkage=lam)
    assert compute("sfda", scale * features, labels) == pytest.approx(expected)

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from peftdiff.metrics import compute
from peftdiff.metrics.gbc import _class_moments, _overlap
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def dataset(n, d, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    features = rng.normal(size=(n, d)) * np.linspace(2, 1, d)
    return features + rng.normal(size=(n_classes, d))[labels] / 2, labels


def brute_force(features, labels, covariance="diagonal", components=64, floor=1e-4):
    """GBC from d x d covariances, determinants and inverses, pair by pair."""
    centered = features - features.mean(axis=0)
    rows = np.linalg.svd(centered, full_matrices=False)[2][:components]
    points = centered @ rows.T
    gaussians = []
    for label in np.unique(labels):
        own = points[labels == label]
        variances = np.maximum(own.var(axis=0, ddof=1), floor)
        if covariance == "spherical":
            variances[:] = variances.mean()
        gaussians.append((own.mean(axis=0), np.diag(variances)))
    total = 0.0
    for (mean, cov), (other_mean, other_cov) in itertools.permutations(gaussians, 2):
        shared, gap = (cov + other_cov) / 2, mean - other_mean
        distance = gap @ np.linalg.inv(shared) @ gap / 8
        distance += np.linalg.slogdet(shared)[1] / 2
        distance -= np.linalg.slogdet(cov)[1] / 4 + np.linalg.slogdet(other_cov)[1] / 4
        total += np.exp(-distance)
    return -total


@pytest.mark.parametrize("covariance", ["diagonal", "spherical"])
@pytest.mark.parametrize(
    ("n", "d", "n_classes", "components"),
    [(60, 5, 3, 64), (60, 5, 3, 2), (30, 80, 2, 8), (40, 80, 4, 64), (50, 1, 7, 3)],
)
def test_gaussian_by_gaussian(covariance, n, d, n_classes, components):
    data = dataset(n, d, n_classes)
    options = {"covariance": covariance, "components": components}
    found = compute("gbc", *data, **options)
    assert found == pytest.approx(brute_force(*data, **options), rel=1e-9)


def test_overlap_of_two_gaussians_is_an_integral():
    # exp(-D) = integral of sqrt(p q): the Bhattacharyya coefficient itself.
    features = np.array([[-2.0], [1.0], [4.0], [5.0], [5.5], [9.0]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    grid = np.linspace(-60, 60, 200_001)
    densities = []
    for label in (0, 1):
        own = features[labels == label]
        variance = own.var(ddof=1)
        density = np.exp(-((grid - own.mean()) ** 2) / (2 * variance))
        densities.append(density / np.sqrt(2 * np.pi * variance))
    overlap = np.trapezoid(np.sqrt(densities[0] * densities[1]), grid)
    assert compute("gbc", features, labels) == pytest.approx(-2 * overlap, rel=1e-9)


def test_many_classes():
    features, labels = dataset(240, 12, n_classes=60)
    found = compute("gbc", features, labels)
    assert found == pytest.approx(brute_force(features, labels), rel=1e-9)


def on_given_axes(features, labels):
    """GBC of class variances along the given axes, not the principal ones."""
    total = 0.0
    for one, other in itertools.permutations(np.unique(labels), 2):
        a, b = features[labels == one], features[labels == other]
        v, w = a.var(axis=0, ddof=1), b.var(axis=0, ddof=1)
        distance = ((a.mean(axis=0) - b.mean(axis=0)) ** 2 / (v + w)).sum() / 4
        distance += np.log((v + w) / 2 / np.sqrt(v * w)).sum() / 2
        total += np.exp(-distance)
    return -total


def test_class_of_one_sample_has_the_pooled_variance():
    features, labels = dataset(40, 4)
    labels[labels == 2] = 1
    labels[0] = 2
    within = [features[labels == label] for label in (0, 1)]
    pooled = sum(((own - own.mean(axis=0)) ** 2).sum(axis=0) for own in within) / 37
    # Two samples beside the one, with its mean and with the pooled variance.
    spread = np.sqrt(pooled / 2)
    twins = np.vstack([features, features[0] + spread])
    twins[0] = features[0] - spread
    found = -_overlap(*_class_moments(features, labels, 1e-4, False), 1)
    assert found == pytest.approx(on_given_axes(twins, np.append(labels, 2)))


def test_classes_of_one_sample_only_have_no_variance():
    features, _ = dataset(12, 3)
    with pytest.raises(UndefinedScore, match="each of the 12 classes has one sample"):
        compute("gbc", features, np.arange(12))


def test_published_spherical_form_counts_the_logarithm_once():
    features, labels = dataset(60, 5)
    features[labels == 0] *= 3
    ours = compute("gbc", features, labels, covariance="spherical")
    published = compute("gbc", features, labels, covariance="spherical", compat=True)
    assert published < ours - 1e-3
    diagonal = [compute("gbc", features, labels, compat=flag) for flag in (False, True)]
    assert diagonal[0] == diagonal[1]


def test_ends_of_the_scale():
    labels = np.arange(30) % 3
    features = np.random.default_rng(0).normal(size=(3, 4))[labels]
    assert compute("gbc", 1e3 * features, labels) == 0
    with pytest.warns(SaturatedScore, match="features are constant"):
        assert compute("gbc", np.ones((30, 4)), labels) == -6
    with pytest.warns(SaturatedScore, match="variance_floor=0.0001"):
        assert compute("gbc", 1e-5 * features, labels) == pytest.approx(-6, abs=1e-4)


def test_randomized_components_are_close_and_repeatable():
    features, labels = dataset(200, 120)
    exact = compute("gbc", features, labels, components=10)
    options = {"components": 10, "svd_solver": "randomized"}
    found = compute("gbc", features, labels, **options)
    assert found == compute("gbc", features, labels, **options)
    assert found != exact
    assert found == pytest.approx(exact, rel=0.1)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(8, 40), st.integers(1, 30))
def test_order_names_and_rotation_do_not_matter(seed, n, d):
    features, labels = dataset(n, d, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    renamed = rng.permutation(3)[labels]
    rotation = ortho_group.rvs(d, random_state=seed) if d > 1 else -np.eye(1)
    shifted = features @ rotation + rng.normal(size=d)
    expected = compute("gbc", features, labels)
    for found in (
        compute("gbc", features[order], labels[order]),
        compute("gbc", features, renamed),
        compute("gbc", shifted, labels),
    ):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("scale", [0.3, 1e3, 1e8])
def test_scale_does_not_matter_above_the_floor(scale):
    features, labels = dataset(50, 6)
    expected = compute("gbc", features, labels)
    found = compute("gbc", scale * features, labels)
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"covariance": "full"}, "covariance must be one of diagonal, spherical"),
        ({"components": 0}, "components must be at least 1, got 0"),
        ({"svd_solver": "magic"}, "svd_solver must be one of exact, randomized"),
        ({"variance_floor": 0.0}, "variance_floor must be a number above 0"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        compute("gbc", *dataset(20, 3), **options)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import multivariate_normal, ortho_group

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def brute_force(features, labels):
    """Largest evidence from d x d determinants, over alpha and beta, by search.

    Where the best beta is infinite (n <= d), the bound on beta costs about 1e-6.
    """
    n, d = features.shape

    def evidence(y, log_alpha, log_beta):
        alpha, beta = np.exp(log_alpha), np.exp(log_beta)
        hessian = alpha * np.eye(d) + beta * features.T @ features
        weights = beta * np.linalg.solve(hessian, features.T @ y)
        return (
            d / 2 * log_alpha
            + n / 2 * log_beta
            - np.linalg.slogdet(hessian)[1] / 2
            - beta / 2 * np.sum((y - features @ weights) ** 2)
            - alpha / 2 * weights @ weights
            - n / 2 * np.log(2 * np.pi)
        )

    best = []
    for label in np.unique(labels):
        y = (labels == label).astype(float)
        starts = [(a, b) for a in (-6, -2, 2, 6, 10) for b in (-2, 1, 4, 8)]
        start = max(starts, key=lambda point, y=y: evidence(y, *point))
        found = minimize(
            lambda point, y=y: -evidence(y, *point),
            start,
            method="Nelder-Mead",
            bounds=[(-10, 25), (-5, 20)],
            options={"xatol": 1e-5, "fatol": 1e-10},
        )
        best.append(-found.fun / n)
    return np.mean(best)


def dataset(n, d, n_classes=3, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    centers = rng.normal(size=(n_classes, d))
    return noise * rng.normal(size=(n, d)) + centers[labels], labels


@pytest.mark.parametrize(
    ("n", "d", "noise"),
    [(40, 5, 1.0), (40, 5, 4.0), (60, 12, 0.3), (30, 29, 1.0)],
)
def test_more_samples_than_dimensions(n, d, noise):
    features, labels = dataset(n, d, noise=noise)
    found = compute("logme", features, labels)
    assert found == pytest.approx(brute_force(features, labels), abs=1e-8)


@pytest.mark.parametrize(
    ("n", "d", "noise"), [(20, 30, 1.0), (20, 50, 1.0), (25, 25, 2.0), (12, 40, 0.2)]
)
def test_fewer_samples_than_dimensions(n, d, noise):
    features, labels = dataset(n, d, noise=noise)
    found = compute("logme", features, labels)
    assert found == pytest.approx(brute_force(features, labels), abs=1e-5)


def test_rank_below_both_sizes():
    features, labels = dataset(40, 4)
    wide = features @ np.random.default_rng(1).normal(size=(4, 12))
    found = compute("logme", wide, labels)
    assert found == pytest.approx(brute_force(wide, labels), abs=1e-7)


@settings(max_examples=40)
@given(
    st.integers(0, 10_000), st.integers(6, 25), st.integers(1, 30), st.floats(0.1, 10)
)
def test_no_alpha_and_beta_do_better(seed, n, d, noise):
    # The evidence is the density of y under N(0, I / beta + X X' / alpha).
    features, labels = dataset(n, d, 2, noise, seed)
    best = compute("logme", features, labels)
    for log_t in np.linspace(-12, 12, 25):
        total = 0.0
        for label in (0, 1):
            y = (labels == label).astype(float)
            shape = np.eye(n) + features @ features.T / np.exp(log_t)
            beta = n / (y @ np.linalg.solve(shape, y))
            total += multivariate_normal.logpdf(y, cov=shape / beta) / n
        assert total / 2 <= best + 1e-9


def test_features_that_explain_nothing():
    # The optimum is alpha = infinity: independent normal noise of the labels' power.
    features = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    labels = np.array([0, 0, 1, 1])
    expected = -0.5 * (np.log(2 * np.pi * 0.5) + 1)
    assert compute("logme", features, labels) == pytest.approx(expected, rel=1e-12)
    with pytest.warns(SaturatedScore, match="features are constant"):
        found = compute("logme", 0 * features, labels)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_a_perfect_fit_has_no_largest_evidence(seed):
    labels = np.arange(300) % 2
    features = np.random.default_rng(seed).normal(size=(2, 20))[labels]
    assert compute("logme", features, labels) == np.inf


def test_more_classes_and_single_samples():
    features, labels = dataset(40, 5, n_classes=30)
    found = compute("logme", features, labels)
    assert found == pytest.approx(brute_force(features, labels), abs=1e-8)


@pytest.mark.parametrize(("n", "d"), [(50, 8), (20, 40)])
@pytest.mark.parametrize("scale", [1e-150, 1e-3, 7.0, 1e150])
def test_scale_does_not_matter(n, d, scale):
    features, labels = dataset(n, d)
    expected = compute("logme", features, labels)
    assert compute("logme", scale * features, labels) == pytest.approx(
        expected, rel=1e-10
    )


@pytest.mark.parametrize(("n", "d"), [(50, 8), (20, 40)])
def test_rotation_does_not_matter(n, d):
    features, labels = dataset(n, d)
    rotation = ortho_group.rvs(d, random_state=0)
    expected = compute("logme", features, labels)
    found = compute("logme", features @ rotation, labels)
    assert found == pytest.approx(expected, rel=1e-9)


def test_compat_lacks_a_term_of_the_determinant():
    # With n < d the published value exceeds the evidence by (d - n) / 2n log alpha.
    features, labels = dataset(20, 60)
    assert compute("logme", features, labels, compat=True) > 0.5
    assert compute("logme", features, labels) < 0.5
    features, labels = dataset(60, 5)
    published = compute("logme", features, labels, compat=True)
    assert published == pytest.approx(compute("logme", features, labels), abs=1e-4)


def largest_evidence(features, labels):
    """Return LogME by a fine grid of t over the singular values of X itself."""
    n = len(labels)
    left, roots, _ = np.linalg.svd(features, full_matrices=False)
    t = np.exp(np.linspace(-50, 50, 200_001))[:, None]
    total = 0.0
    for label in np.unique(labels):
        y = (labels == label).astype(float)
        z = (left.T @ y) ** 2
        outside = np.sum((y - left @ (left.T @ y)) ** 2)
        unfitted = outside + (z / (1 + roots**2 / t)).sum(axis=1)
        evidence = np.log1p(roots**2 / t).sum(axis=1) + n * np.log(unfitted / n)
        total -= (evidence.min() + n * np.log(2 * np.pi) + n) / 2
    return total / n / len(np.unique(labels))


@pytest.mark.parametrize("offset", [1e2, 1e4, 1e6, 1e8])
def test_a_large_mean_costs_no_digits(offset):
    features, labels = dataset(60, 4, noise=0.05)
    features = features + offset
    found = compute("logme", features, labels)
    assert found == pytest.approx(largest_evidence(features, labels), abs=1e-6)
    shuffled = np.random.default_rng(0).permutation(labels)
    assert found > largest_evidence(features, shuffled) + 0.1


@pytest.mark.parametrize("n", [30, 4])
def test_a_mean_that_is_all_is_announced(n):
    features, labels = dataset(n, 6, n_classes=2)
    with pytest.warns(SaturatedScore, match="subtract a large mean"):
        found = compute("logme", features + 1e14, labels)
    with pytest.warns(SaturatedScore, match="features are constant"):
        assert found == pytest.approx(compute("logme", np.ones((n, 6)), labels))


def test_infinite_for_any_labels_is_announced_and_for_some_labels_not():
    features, labels = dataset(20, 30, n_classes=3)
    features[3] = 0  # all other samples have a direction of their own
    with pytest.warns(SaturatedScore, match="infinite for any labels"):
        assert compute("logme", features, labels) == np.inf


def test_published_code_that_divides_by_zero_is_undefined():
    features, labels = dataset(20, 30)
    with pytest.raises(UndefinedScore, match="leave out compat"):
        compute("logme", 1e9 * features, labels, compat=True)
    with pytest.warns(SaturatedScore, match="sees the mean of the features alone"):
        compute("logme", dataset(60, 5)[0] + 1e10, dataset(60, 5)[1], compat=True)

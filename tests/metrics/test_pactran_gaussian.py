import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import log_softmax
from scipy.stats import ortho_group
from sklearn.linear_model import LogisticRegression

from peftdiff.metrics import compute
from peftdiff.metrics import pactran_gaussian as module
from peftdiff.metrics.reductions import Embedding
from peftdiff.metrics.validity import SaturatedScore


def dataset(n, d, n_classes=3, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    labels = np.minimum(np.arange(n) % (n_classes + 2), n_classes - 1)
    centers = rng.normal(size=(n_classes, d))
    return noise * rng.normal(size=(n, d)) + centers[labels], labels


def risk(theta, features, labels):
    """Mean cross-entropy of flat weights (d + 1, C), the biases last."""
    weights = theta.reshape(features.shape[1] + 1, -1)
    logs = log_softmax(features @ weights[:-1] + weights[-1], axis=1)
    return -logs[np.arange(len(labels)), labels].mean()


def brute_force(features, labels, prior_variance=100.0, ratio=1.0, posterior="iso"):
    """The bound from a generic minimizer and second differences of the risk."""
    centered = features - features.mean(axis=0)
    n, d = centered.shape
    n_classes = labels.max() + 1
    size = d * n_classes
    lambda_s = ratio * n
    lambda_ = lambda_s / (prior_variance / d)

    def loss(theta):
        return risk(theta, centered, labels) + (theta[:size] ** 2).sum() / (
            2 * lambda_s
        )

    found = minimize(
        loss, np.zeros(size + n_classes), method="BFGS", options={"gtol": 1e-6}
    )
    width = 1e-4
    steps = width * np.eye(size + n_classes)[:size]
    middle = risk(found.x, centered, labels)
    hessian = np.array(
        [
            risk(found.x + step, centered, labels)
            - 2 * middle
            + risk(found.x - step, centered, labels)
            for step in steps
        ]
    )
    hessian /= width**2
    if posterior == "diagonal":
        complexity = np.log1p(lambda_s * hessian).sum() / (2 * lambda_)
    else:
        mean = hessian.sum() / size
        complexity = size * np.log1p(lambda_s * mean) / (2 * lambda_)
    return -(found.fun + complexity)


@pytest.mark.filterwarnings("ignore:Desired error")
@pytest.mark.parametrize("posterior", ["isotropic", "diagonal"])
@pytest.mark.parametrize(("n", "d", "n_classes"), [(30, 3, 2), (25, 2, 4), (8, 10, 2)])
def test_second_differences_at_a_generic_minimum(n, d, n_classes, posterior):
    features, labels = dataset(n, d, n_classes)
    found = compute("pactran_gaussian", features, labels, posterior=posterior)
    expected = brute_force(features, labels, posterior=posterior)
    assert found == pytest.approx(expected, rel=1e-5)


def test_parameters_of_the_bound():
    features, labels = dataset(30, 3)
    options = {"prior_variance": 10.0, "lambda_variance": 0.1}
    found = compute("pactran_gaussian", features, labels, **options)
    assert found == pytest.approx(brute_force(features, labels, 10.0, 0.1), rel=1e-5)


def test_the_best_isotropic_posterior_gives_the_bound():
    # E[L] + KL / lambda over the posterior's variance q, to second order in it.
    features, labels = dataset(40, 3)
    n, d, n_classes = 40, 3, 3
    size, s = d * n_classes, 100 / d
    lambda_ = n / s
    fit = module._fit(Embedding(features), labels, 1 / n)
    spread = (fit.probabilities * (1 - fit.probabilities)).sum(axis=0)
    trace = (((features - features.mean(axis=0)) ** 2).sum(axis=1) * spread).mean()
    q = np.geomspace(1e-4, 1e4, 400_001)
    divergence = size / 2 * (q / s - 1 - np.log(q / s))  # The rest of KL is in loss.
    bound = fit.loss + (q / 2 * trace + divergence / lambda_).min()
    found = compute("pactran_gaussian", features, labels)
    assert found == pytest.approx(-bound, rel=1e-8)


@pytest.mark.parametrize(
    ("n", "d", "n_classes"), [(60, 5, 3), (40, 80, 4), (50, 50, 2), (70, 4, 30)]
)
@pytest.mark.parametrize("ratio", [0.1, 10.0])
def test_the_fit_is_that_of_scikit_learn(n, d, n_classes, ratio):
    features, labels = dataset(n, d, n_classes)
    centered = features - features.mean(axis=0)
    fit = module._fit(Embedding(centered), labels, 1 / (ratio * n))
    # Two classes are one sigmoid there: half the penalty for the same odds.
    strength = ratio * (2 if n_classes == 2 else 1)
    model = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000)
    expected = model.fit(centered, labels).predict_proba(centered)
    assert np.abs(fit.probabilities - expected.T).max() < 1e-6


def test_gradient_and_hessian_by_finite_differences():
    features, labels = dataset(20, 3)
    problem = module.Regression(*module._axes(Embedding(features)), labels, 0.05)
    weights = np.random.default_rng(0).normal(size=(3, 4))
    weights -= weights.mean(axis=0)  # As they are on every way from 0.

    def loss(flat):
        return problem.at(flat.reshape(3, 4)).loss

    point = problem.at(weights)
    slope = approx_fprime(weights.ravel(), loss, 1e-7)
    assert point.gradient.ravel() == pytest.approx(slope, abs=1e-5)
    step = problem.newton_step(point, 1e-10)
    along = problem.at(weights + 1e-6 * step).gradient - point.gradient
    assert along / 1e-6 == pytest.approx(-point.gradient, abs=1e-4)


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1e2, 1e4])
@pytest.mark.parametrize(("n", "d"), [(60, 5), (30, 60)])
def test_the_minimum_is_found_at_any_scale(n, d, scale):
    features, labels = dataset(n, d)
    centered = scale * (features - features.mean(axis=0))
    embedding = Embedding(centered)
    problem = module.Regression(*module._axes(embedding), labels, 1 / n)
    start = problem.at(np.zeros((3, min(n, d) + 1)))
    fit = module._fit(embedding, labels, 1 / n)
    assert fit.slope < 1e-11 * start.slope
    assert fit.loss <= start.loss


@pytest.mark.parametrize("scale", [1e-2, 1, 1e2, 1e3, 1e4])
@pytest.mark.parametrize(("n", "d"), [(300, 40), (30, 60)])
def test_another_step_changes_no_probability(n, d, scale):
    features, labels = dataset(n, d)
    features /= np.sqrt(1 + np.arange(d))  # axes that differ make it harder
    embedding = Embedding(scale * (features - features.mean(axis=0)))
    fit = module._fit(embedding, labels, 1 / n)
    ridge = 1 / n / embedding.unit**2
    problem = module.Regression(*module._axes(embedding), labels, ridge)
    after = problem.at(fit.weights + problem.newton_step(fit, 1e-6))
    np.testing.assert_allclose(after.probabilities, fit.probabilities, atol=1e-9)


@pytest.mark.parametrize(("n", "d", "n_classes"), [(200, 60, 3), (300, 20, 40)])
def test_single_precision_on_the_way_does_not_show(monkeypatch, n, d, n_classes):
    data = dataset(n, d, n_classes)
    dtypes = []
    step = module.Regression.newton_step

    def newton_step(self, point, accuracy):
        dtypes.append(self.precision(accuracy))
        return step(self, point, accuracy)

    monkeypatch.setattr(module.Regression, "newton_step", newton_step)
    found = compute("pactran_gaussian", *data)
    assert set(dtypes) == {np.float32}
    dtypes.clear()
    monkeypatch.setattr(module, "CONDITION", 0)
    assert compute("pactran_gaussian", *data) == pytest.approx(found, rel=1e-10)
    assert set(dtypes) == {np.float64}


def test_published_trace_sums_over_samples_and_counts_biases():
    features, labels = dataset(40, 3)
    centered = features - features.mean(axis=0)
    p = module._fit(Embedding(centered), labels, 1 / 40).probabilities
    hessian = np.einsum("ij,ci->jc", centered**2, p * (1 - p)) + 1 / 40
    total = hessian.sum() + (p * (1 - p)).sum()
    complexity = 0.5 * 9 / 40 * (100 / 3) * np.log(total * 40 / 9)
    fit = module._fit(Embedding(centered), labels, 1 / 40)
    found = compute("pactran_gaussian", features, labels, posterior="as_published")
    assert found == pytest.approx(-fit.loss - complexity, rel=1e-10)


def test_constant_features_cost_the_entropy_of_the_labels():
    labels = np.array([0, 0, 0, 1, 1, 2])
    shares = np.array([3, 2, 1]) / 6
    with pytest.warns(SaturatedScore, match="features are constant"):
        found = compute("pactran_gaussian", np.ones((6, 4)), labels)
    assert found == pytest.approx(np.sum(shares * np.log(shares)), rel=1e-10)


def test_means_that_coincide_leave_the_weights_at_zero():
    features = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    labels = np.array([0, 0, 1, 1])
    # L = log 2, and h = x^2 p (1 - p) = 1 / 4 for both weights.
    complexity = 2 / (2 * 4 / 100) * np.log1p(4 / 4)
    found = compute("pactran_gaussian", features, labels)
    assert found == pytest.approx(-np.log(2) - complexity, rel=1e-12)


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.integers(8, 40), st.integers(1, 30))
def test_order_names_rotation_and_shift_do_not_matter(seed, n, d):
    features, labels = dataset(n, d, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    rotation = ortho_group.rvs(d, random_state=seed) if d > 1 else -np.eye(1)
    expected = compute("pactran_gaussian", features, labels)
    for found in (
        compute("pactran_gaussian", features[order], labels[order]),
        compute("pactran_gaussian", features, rng.permutation(3)[labels]),
        compute("pactran_gaussian", features @ rotation + rng.normal(size=d), labels),
    ):
        assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prior_variance": 0}, "prior_variance must be a number above 0, got 0"),
        ({"lambda_variance": -1}, "lambda_variance must be a number above 0"),
        ({"posterior": "full"}, "posterior must be one of isotropic, diagonal"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        compute("pactran_gaussian", *dataset(20, 3), **options)

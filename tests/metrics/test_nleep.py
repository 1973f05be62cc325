import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from peftdiff.metrics import compute, nleep
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def dataset(n=90, d=4, n_classes=3, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    centers = rng.normal(size=(n_classes, d))
    return noise * rng.normal(size=(n, d)) + centers[labels], labels


def leep(responsibilities, labels):
    """Every p_i by loops over samples, components and classes."""
    n, count = responsibilities.shape
    given_component = np.zeros((labels.max() + 1, count))
    for component in range(count):
        total = sum(responsibilities[i, component] for i in range(n))
        for i in range(n):
            share = responsibilities[i, component] / total
            given_component[labels[i], component] += share
    return np.array(
        [
            sum(given_component[y, z] * r[z] for z in range(count))
            for r, y in zip(responsibilities, labels, strict=True)
        ]
    )


@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("log", [False, True])
def test_published_style_on_rows_in_order(covariance, log):
    features, labels = dataset()
    order = sorted(range(len(labels)), key=lambda row: features[row].tobytes())
    features, labels = features[order], labels[order]
    projected = PCA(0.8).fit_transform(features)
    mixture = GaussianMixture(15, covariance_type=covariance, random_state=4)
    p = leep(mixture.fit(projected).predict_proba(projected), labels)
    expected = np.mean(np.log(p) if log else p)
    found = compute("nleep", features, labels, seed=4, log=log, covariance=covariance)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("covariance", ["full", "spherical"])
def test_far_clusters_of_mixed_classes(covariance):
    # Ten clusters for the ten components, with 0, 1, 2 or 3 of class 1 in 12.
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(10), 12)
    features = 1000 * np.eye(10)[cluster] + rng.normal(size=(120, 10))
    labels = (np.arange(120) % 12 < cluster % 4).astype(int)
    share = np.array([np.mean(labels[cluster == each]) for each in range(10)])[cluster]
    p = np.where(labels == 1, share, 1 - share)
    for log, expected in ((False, p.mean()), (True, np.log(p).mean())):
        found = compute("nleep", features, labels, covariance=covariance, log=log)
        assert found == pytest.approx(expected, rel=1e-9)


def test_one_component_knows_only_the_shares():
    features, labels = dataset(9, 3, n_classes=2)
    shares = np.array([5, 4]) / 9
    for log, expected in ((False, shares @ shares), (True, shares @ np.log(shares))):
        with pytest.warns(SaturatedScore, match="as for features without information"):
            found = compute("nleep", features, labels, limit_components=True, log=log)
        assert found == pytest.approx(expected, rel=1e-12)


def test_restarts_and_their_spread():
    data = dataset(noise=2.0)
    each = nleep.restart_scores(*data, seed=3, restarts=3)
    assert each.shape == (3,)
    assert np.ptp(each) > 1e-3
    assert np.array_equal(nleep.restart_scores(*data, seed=3, restarts=2), each[:2])
    assert compute("nleep", *data, seed=3) == each[0]
    assert compute("nleep", *data, seed=3, restarts=3) == each.mean()
    assert compute("nleep", *data, seed=2) != each[0]


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.floats(0.5, 5), st.booleans())
def test_order_and_names_do_not_matter(seed, noise, duplicates):
    features, labels = dataset(40, 3, 2, noise, seed)
    if duplicates:
        features[20:] = features[:20]
    expected = compute("nleep", features, labels)
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(len(labels)), rng.permutation(2)
    found = compute("nleep", features[order], names[labels[order]])
    assert found == pytest.approx(expected, rel=1e-12)


def test_more_components_than_samples():
    features, labels = dataset(100, 5, 25)
    message = "100 different rows, but N/LEEP fits 125 components"
    with pytest.raises(UndefinedScore, match=message):
        compute("nleep", features, labels)
    found = compute("nleep", features, labels, limit_components=True)
    assert 0 < found < 1


def test_limit_components_changes_nothing_where_they_are_few():
    features, labels = dataset(90, 5, 3)
    expected = compute("nleep", features, labels)
    assert compute("nleep", features, labels, limit_components=True) == expected


@pytest.mark.parametrize(("distinct", "limited"), [(14, False), (1, False), (1, True)])
def test_duplicates_do_not_count_as_samples(distinct, limited):
    features, labels = dataset()
    features = features[np.arange(90) % distinct]
    with pytest.raises(UndefinedScore, match=f"features have {distinct} different row"):
        compute("nleep", features, labels, limit_components=limited)


def test_one_cluster_for_each_sample_is_saturated():
    features, labels = dataset(15, 4, 3)
    with pytest.warns(SaturatedScore, match="N/LEEP is saturated"):
        assert compute("nleep", features, labels) == pytest.approx(1)


def test_pure_clusters_of_many_samples_are_not_saturated():
    assert compute("nleep", *dataset(60, 4, noise=0.01)) == pytest.approx(1)


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_no_variance_in_double_precision(scale):
    features, labels = dataset()
    with pytest.raises(UndefinedScore, match="features have a variance of"):
        compute("nleep", scale * features, labels)


def test_too_large_for_the_regularization():
    features, labels = dataset(60, 5, 4)
    with pytest.raises(UndefinedScore, match="clusters too thin for their scale"):
        compute("nleep", 1e9 * features, labels)


def test_mixtures_that_do_not_converge_are_reported_once(monkeypatch):
    hurried = functools.partial(GaussianMixture, max_iter=1)
    monkeypatch.setattr(nleep, "GaussianMixture", hurried)
    message = "3 of 3 mixtures did not converge in 1 iterations"
    with pytest.warns(ConvergenceWarning, match=message) as told:
        found = compute("nleep", *dataset(), restarts=3)
    assert len(told) == 1
    assert 0 < found < 1


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 2**32}, "[Ss]eed must be between"),
        ({"restarts": 0}, "restarts must be at least 1, got 0"),
        ({"covariance": "round"}, "covariance must be one of full, tied"),
    ],
)
def test_bad_parameters(parameter, message):
    with pytest.raises(ValueError, match=message):
        compute("nleep", *dataset(), **parameter)

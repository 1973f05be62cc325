import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg
from scipy.stats import ortho_group
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from peftdiff.metrics import combine, compute
from peftdiff.metrics.validity import SaturatedScore, UndefinedScore


def dataset(n=150, d=8, n_classes=4, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    centers = rng.normal(size=(n_classes, d))
    return noise * rng.normal(size=(n, d)) + centers[labels], labels


def published_style(features, labels, **pca):
    """The three parts with scikit-learn's PCA and LDA and loops over classes."""
    projection = PCA(min(64, *features.shape), **pca)
    projected = projection.fit_transform(features)
    shrinkage = max(np.exp(-projection.explained_variance_[:32].sum()), 1e-10)
    if shrinkage == 1e-10:
        model = LinearDiscriminantAnalysis(solver="svd")
    else:
        model = LinearDiscriminantAnalysis(solver="eigen", shrinkage=shrinkage)
    low = model.fit_transform(projected, labels)
    posteriors = model.predict_proba(projected)
    total = 0.0
    for label in np.unique(labels):
        total += np.linalg.norm(posteriors[labels == label], ord="nuc")
    return {
        "seli": np.linalg.norm(low - low.mean(axis=0), ord="nuc"),
        "ncc": posteriors[np.arange(len(labels)), labels].mean(),
        "vc": np.log(total),
    }


SHAPES = [
    (150, 8, 4, 1.0),
    (150, 8, 2, 1.0),
    (300, 80, 5, 2.0),
    (120, 12, 30, 0.5),
    (200, 300, 3, 1.0),
    (200, 1, 2, 1.0),
]


@pytest.mark.parametrize(("n", "d", "n_classes", "noise"), SHAPES)
@pytest.mark.parametrize("unit", [0.1, 1.0, 20.0])
def test_published_style(n, d, n_classes, noise, unit):
    # The variance decides on the kind of discriminant: small, it shrinks.
    features, labels = dataset(n, d, n_classes, noise)
    found = compute("ncti", 5 + unit * features, labels)
    expected = published_style(5 + unit * features, labels, svd_solver="full")
    assert list(found) == ["seli", "ncc", "vc"]
    assert found == pytest.approx(expected, rel=1e-9)


def test_randomized_components():
    features, labels = dataset(520, 100, 5, 2.0)
    published = {"svd_solver": "randomized", "random_state": 0}
    found = compute("ncti", features, labels, svd_solver="randomized")
    assert found == pytest.approx(published_style(features, labels, **published))
    exact = compute("ncti", features, labels)
    assert found["seli"] != pytest.approx(exact["seli"], rel=1e-6)
    assert found == pytest.approx(exact, rel=0.05)


def test_randomized_components_of_few_samples_and_dimensions():
    for features, labels in (dataset(), dataset(40, 100)):
        found = compute("ncti", features, labels, svd_solver="randomized")
        assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize("n_classes", [2, 5, 12])
def test_seli_from_the_eigenvalues_of_the_discriminant(n_classes):
    # Without shrinkage, Z'Z / n = I + rho, the eigenvalues of S_w^-1 S_b.
    features, labels = dataset(200, 8, n_classes, noise=1.0)
    features *= 50
    within = sum(
        np.cov(features[labels == c].T, bias=True) * np.mean(labels == c)
        for c in range(n_classes)
    )
    between = np.cov(features.T, bias=True) - within
    rho = linalg.eigh(between, within, eigvals_only=True)[::-1][: n_classes - 1]
    expected = np.sqrt(len(labels) * (1 + rho)).sum()
    assert compute("ncti", features, labels)["seli"] == pytest.approx(expected)


def test_certain_posteriors():
    features, labels = dataset(90, 5, 3, noise=1e-3)
    found = compute("ncti", 100 * features, labels)
    assert found["ncc"] == pytest.approx(1)
    assert found["vc"] == pytest.approx(np.log(3 * np.sqrt(30)))


@pytest.mark.parametrize("shuffled", [False, True])
def test_about_as_many_samples_as_components_is_saturated(shuffled):
    features, labels = dataset(70, 96)
    if shuffled:
        labels = np.random.default_rng(1).permutation(labels)
    with pytest.warns(SaturatedScore, match="NCTI is saturated"):
        assert compute("ncti", features, labels)["ncc"] == pytest.approx(1)


@pytest.mark.parametrize("unit", [0.1, 20.0])
def test_rank_below_both_sizes(unit):
    features, labels = dataset(100, 6)
    basis = ortho_group.rvs(30, random_state=0)[:6]
    expected = compute("ncti", unit * features, labels)
    wide = compute("ncti", unit * features @ basis, labels)
    # With shrinkage too: directions of no variance are no components.
    assert wide == pytest.approx(expected, rel=1e-9)
    with_constants = np.hstack([unit * features, np.full((100, 70), 3.25)])
    assert compute("ncti", with_constants, labels) == pytest.approx(expected, rel=1e-9)


def test_direction_that_separates_without_error():
    features, labels = dataset(100, 5, 2, noise=30.0)
    apart = np.hstack([features, 1000.0 * labels[:, None]])
    expected = published_style(apart, labels, svd_solver="full")
    assert compute("ncti", apart, labels) == pytest.approx(expected, rel=1e-9)


def test_equal_class_means_leave_no_direction():
    points = np.random.default_rng(0).normal(size=(20, 3))
    features, labels = np.concatenate([points, points]), np.repeat([0, 1], 20)
    for unit in (0.1, 100.0):
        found = compute("ncti", unit * features, labels)
        assert found["ncc"] == pytest.approx(0.5)
        assert np.isfinite(found["seli"])


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        (np.full((30, 4), 7.1), np.arange(30) % 3),
        (np.full((100, 300), 7.1), np.arange(100) % 3),
        (np.zeros((30, 4)), np.arange(30) % 3),
        (np.random.default_rng(0).normal(size=(5, 3)), np.arange(5)),
        (np.random.default_rng(0).normal(size=(3, 4))[np.arange(30) % 3],) * 2,
    ],
    ids=["constant", "constant, wide", "zero", "single samples", "points"],
)
def test_no_spread_within_classes(features, labels):
    labels = np.arange(30) % 3 if labels.ndim == 2 else labels
    with pytest.raises(UndefinedScore, match="no spread within any class"):
        compute("ncti", features, labels)


def test_unknown_solver():
    with pytest.raises(ValueError, match="svd_solver must be one of exact, randomized"):
        compute("ncti", *dataset(), svd_solver="full")


def test_many_classes():
    features, labels = dataset(600, 70, 397, noise=0.7)
    found = compute("ncti", features, labels)
    expected = published_style(features, labels, svd_solver="full")
    assert found == pytest.approx(expected, rel=1e-8)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0.5, 5), st.sampled_from([0.2, 10.0]))
def test_order_names_rotation_and_origin_do_not_matter(seed, noise, unit):
    features, labels = dataset(noise=noise, seed=seed)
    features *= unit
    expected = compute("ncti", features, labels)
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(len(labels)), rng.permutation(4)
    found = compute("ncti", features[order], names[labels[order]])
    assert found == pytest.approx(expected, rel=1e-10)
    turned = features @ ortho_group.rvs(8, random_state=seed) + 1
    assert compute("ncti", turned, labels) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("scale", [10.0, 1e3, 1e200])
def test_scale_of_large_features_does_not_matter(scale):
    features, labels = dataset()
    expected = compute("ncti", 100 * features, labels)
    assert compute("ncti", scale * 100 * features, labels) == pytest.approx(
        expected, rel=1e-9
    )


def test_tiny_features():
    features, labels = dataset()
    expected = compute("ncti", 1e-9 * features, labels)
    found = compute("ncti", 1e-200 * features, labels)
    assert found["ncc"] == pytest.approx(expected["ncc"])


POOL = {
    "lora": {"seli": 100.0, "ncc": 0.5, "vc": 3.0},
    "vpt": {"seli": 300.0, "ncc": 0.75, "vc": 4.0},
    "bitfit": {"seli": 200.0, "ncc": 1.0, "vc": 5.0},
}


def test_combination_by_hand():
    scores = combine("ncti", POOL, POOL["vpt"])
    assert scores == {"lora": 0.0, "vpt": 1 + 0.5 - 0.5, "bitfit": 0.5 + 1 - 1}
    assert combine("ncti", POOL, {"seli": 7.0, "ncc": 0.1, "vc": -2.0}) == scores


def test_part_in_which_the_pool_agrees_is_the_middle():
    pool = {name: parts | {"vc": 3.0} for name, parts in POOL.items()}
    pool["vpt"]["vc"] *= 1 + 1e-15
    assert combine("ncti", pool, pool["vpt"]) == {
        "lora": -0.5,
        "vpt": 1.0,
        "bitfit": 1.0,
    }
    assert combine("ncti", {"lora": POOL["lora"]}, POOL["vpt"]) == {"lora": 0.5}


def test_bad_pool():
    with pytest.raises(ValueError, match="components are empty"):
        combine("ncti", {}, POOL["vpt"])
    broken = POOL["vpt"] | {"vc": np.nan}
    with pytest.raises(ValueError, match="vpt has a part that is not finite"):
        combine("ncti", {"vpt": broken}, POOL["lora"])
    with pytest.raises(ValueError, match="the backbone has a part that is not finite"):
        combine("ncti", POOL, broken)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group, spearmanr
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from peftdiff.metrics import compute, parc
from peftdiff.metrics.validity import UndefinedScore


def principal(features, components=32):
    """Standardized principal components, the sample farthest out positive."""
    count = min(components, features.shape[1], len(features) - 1)
    columns = PCA(count, svd_solver="full").fit_transform(features)
    farthest = np.abs(columns).argmax(axis=0)
    columns *= np.sign(columns[farthest, np.arange(count)])
    return StandardScaler().fit_transform(columns)


def brute_force(rows, labels):
    """Spearman's correlation of the two matrices, entry by entry."""
    one_hot = (labels[:, None] == np.unique(labels)).astype(float)
    pairs = np.triu_indices(len(labels), 1)
    # Rounded, so that equal label distances are ties.
    by_class = np.round(1 - np.corrcoef(one_hot), 9)[pairs]
    return 100 * spearmanr((1 - np.corrcoef(rows))[pairs], by_class).statistic


def dataset(n=60, d=6, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    return rng.normal(size=(n, d)) + rng.normal(size=(n_classes, d))[labels], labels


@pytest.mark.parametrize(
    ("n", "d", "n_classes"),
    [(60, 6, 3), (50, 48, 2), (40, 70, 4), (20, 60, 3), (31, 31, 12)],
)
def test_against_brute_force(n, d, n_classes):
    features, labels = dataset(n, d, n_classes)
    expected = brute_force(principal(features), labels)
    assert compute("parc", features, labels) == pytest.approx(expected, rel=1e-9)


def test_fewer_components():
    features, labels = dataset()
    expected = brute_force(principal(features, 3), labels)
    found = compute("parc", features, labels, components=3)
    assert found == pytest.approx(expected, rel=1e-9)
    assert found != pytest.approx(compute("parc", features, labels), rel=0.01)


def test_the_features_themselves():
    features, labels = dataset()
    features[:, 2] = 0.1  # stays in the rows as zeros
    rows = StandardScaler().fit_transform(features)
    rows[:, 2] = 0
    found = compute("parc", features, labels, components=None)
    assert found == pytest.approx(brute_force(rows, labels), rel=1e-9)


def test_signs_of_the_components_matter_unless_the_distance_is_the_cosine():
    features, labels = dataset(seed=1)
    rows = principal(features)
    flipped = rows * np.where(np.arange(6) % 2, 1, -1)
    assert abs(brute_force(rows, labels) - brute_force(flipped, labels)) > 0.1
    pairs = np.triu_indices(60, 1)
    unit = flipped / np.linalg.norm(flipped, axis=1, keepdims=True)
    across = (labels[:, None] != labels)[pairs]
    expected = 100 * spearmanr(-(unit @ unit.T)[pairs], across).statistic
    found = compute("parc", features, labels, distance="cosine")
    assert found == pytest.approx(expected, rel=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 30), st.booleans())
def test_rank_correlation_against_scipy(seed, n_within, n_across, ties):
    rng = np.random.default_rng(seed)
    distances = rng.normal(size=n_within + n_across)
    if ties:
        distances = np.round(distances)
    distances[0] += 9  # never all equal
    across = np.arange(len(distances)) >= n_within
    expected = spearmanr(distances, across).statistic
    found = parc._rank_correlation(distances.copy(), n_within)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_parts_of_the_ranking_do_not_show(monkeypatch):
    whole = compute("parc", *dataset())
    monkeypatch.setattr(parc, "CHUNK", 7)
    assert compute("parc", *dataset()) == whole


@pytest.mark.parametrize(("n_classes", "most"), [(2, 86.6), (10, 51.4), (100, 15.0)])
def test_perfect_separation_stays_below_one_hundred(n_classes, most):
    labels = np.repeat(np.arange(n_classes), 400 // n_classes)
    noise = 1e-3 * np.random.default_rng(0).normal(size=(400, n_classes + 3))
    directions = np.eye(n_classes, n_classes + 3)
    directions[:, -3:] = np.random.default_rng(1).normal(size=(n_classes, 3))
    features = 5 * directions[labels] + noise
    found = compute("parc", features, labels, components=None)
    share = (400 / n_classes - 1) / 399
    assert found == pytest.approx(100 * (3 * share * (1 - share)) ** 0.5, rel=1e-9)
    assert found == pytest.approx(most, abs=0.05)


def test_random_labels_give_nothing():
    features, labels = dataset(400, 20)
    shuffled = np.random.default_rng(0).permutation(labels)
    assert abs(compute("parc", features, shuffled)) < 2
    assert compute("parc", features, labels) > 5


@settings(max_examples=15)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(50, 6), (25, 40)]),
    st.sampled_from([1e-150, 7.0, 1e150, -1.0]),
)
def test_scale_rotation_order_and_names_do_not_matter(seed, size, scale):
    rng = np.random.default_rng(seed)
    features, labels = dataset(*size, seed=seed)
    expected = compute("parc", features, labels)
    order = rng.permutation(len(labels))
    rotation = ortho_group.rvs(size[1], random_state=seed)
    changed = (scale * features @ rotation)[order]
    renamed = np.array(["b", "c", "a"])[labels[order]]
    assert compute("parc", changed, renamed) == pytest.approx(expected, rel=1e-9)


def test_copies_with_other_labels_in_any_order():
    features, labels = dataset(40, 6)
    features = np.concatenate([features, features])
    labels = np.concatenate([labels, (labels + 1) % 3])
    expected = compute("parc", features, labels)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(80)
        found = compute("parc", features[order], labels[order])
        assert found == pytest.approx(expected, rel=1e-10)


def test_rounding_is_no_component():
    # Of 20 columns only 4 are independent; scaled to variance 1, noise would count.
    features, labels = dataset(60, 4)
    wide = features @ np.random.default_rng(1).normal(size=(4, 20))
    expected = brute_force(principal(wide, 4), labels)
    assert compute("parc", wide, labels) == pytest.approx(expected, rel=1e-9)


def test_no_pairs_within_a_class():
    features = np.random.default_rng(0).normal(size=(8, 5))
    with pytest.raises(UndefinedScore, match="labels give no class two samples"):
        compute("parc", features, np.arange(8))


@pytest.mark.parametrize(
    ("features", "directions"),
    [(np.ones((6, 4)), 0), (np.full((6, 4), 0.1), 0), (np.eye(6)[:, :1], 1)],
)
@pytest.mark.parametrize("components", [32, None])
def test_too_few_directions(features, directions, components):
    message = f"features vary in {directions} directions"
    with pytest.raises(UndefinedScore, match=message):
        compute("parc", features, [0, 1, 0, 1, 0, 1], components=components)


@pytest.mark.parametrize("distance", ["correlation", "cosine"])
def test_row_without_direction(distance):
    features, labels = dataset(31, 4)
    features[7] = np.delete(features, 7, axis=0).mean(axis=0)
    with pytest.raises(UndefinedScore, match=f"row 7 have no {distance}"):
        compute("parc", features, labels, distance=distance, components=None)


def test_pairs_all_equally_far_apart():
    angles = np.arange(3) * 2 * np.pi / 3
    features = np.column_stack([np.cos(angles), np.sin(angles)])
    with pytest.raises(UndefinedScore, match="equally far apart"):
        compute("parc", features, [0, 0, 1], distance="cosine")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"components": 1}, "components must be at least 2, got 1"),
        ({"components": 2.5}, "components must be a whole number, got 2.5"),
        ({"distance": "magic"}, "distance must be one of correlation, cosine"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        compute("parc", *dataset(), **parameters)

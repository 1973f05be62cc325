from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import mode
from sklearn.neighbors import NearestNeighbors

from peftdiff.metrics import compute
from peftdiff.metrics.validity import SaturatedScore


def brute_force(features, labels, neighbors):
    """The vote, sample by sample, in exact fractions."""
    total = Fraction(0)
    for i, own in enumerate(labels):
        others = np.flatnonzero(np.arange(len(labels)) != i)
        distances = cdist(features[[i]], features[others])[0]
        last = np.sort(distances)[neighbors - 1]
        nearer = others[distances < last - 1e-9]
        tied = others[np.abs(distances - last) <= 1e-9]
        votes = dict.fromkeys(labels.tolist(), Fraction(0))
        for j in nearer:
            votes[labels[j]] += 1
        for j in tied:
            votes[labels[j]] += Fraction(neighbors - len(nearer), len(tied))
        elected = [name for name in votes if votes[name] == max(votes.values())]
        if own in elected:
            total += Fraction(1, len(elected))
    return float(total / len(labels))


def dataset(n=60, d=4, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    return rng.normal(size=(n, d)) + rng.normal(size=(n_classes, d))[labels], labels


@settings(max_examples=25)
@given(
    st.integers(0, 10_000),
    st.integers(3, 40),
    st.integers(1, 3),
    st.integers(2, 6),
    st.booleans(),
    st.data(),
)
@pytest.mark.filterwarnings("ignore::peftdiff.metrics.validity.SaturatedScore")
def test_against_brute_force(seed, n, d, n_classes, ties, data):
    neighbors = data.draw(st.integers(1, n - 1))
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, d))
    if ties:
        features = np.round(features)
        features[0] += 5  # never all equal
    labels = np.unique(np.arange(n) % n_classes, return_inverse=True)[1]
    found = compute("knn", features, labels, neighbors=neighbors)
    assert found == pytest.approx(brute_force(features, labels, neighbors), rel=1e-12)


@pytest.mark.parametrize(("neighbors", "n_classes"), [(1, 4), (5, 2)])
def test_without_ties_it_is_the_ordinary_classifier(neighbors, n_classes):
    features, labels = dataset(n_classes=n_classes)
    # Without samples to ask about, each one's own row is left out.
    nearest = NearestNeighbors(n_neighbors=neighbors).fit(features).kneighbors()[1]
    expected = np.mean(mode(labels[nearest], axis=1).mode == labels)
    found = compute("knn", features, labels, neighbors=neighbors)
    assert found == pytest.approx(expected, rel=1e-12)


def test_one_neighbor_by_hand():
    features, labels = np.array([[0.0], [1.0], [3.0], [4.5]]), [0, 0, 1, 0]
    assert compute("knn", features, labels) == 2 / 4


def test_others_equally_far_away_share_the_last_seat():
    # The middle one's only seat is shared by both ends, whose classes then share the
    # decision; both ends see the middle one.
    features = np.array([[-1.0], [0.0], [1.0]])
    assert compute("knn", features, [0, 0, 1]) == (1 + 0.5 + 0) / 3


def test_classes_with_equally_many_votes_share_the_decision():
    features = np.array([[0.0], [1.0], [-2.0], [50.0], [51.0]])
    labels = np.array([0, 0, 1, 1, 0])
    # The first sees one of each class: half right. The second sees 0 and -2, the third
    # 0 and 1, the fourth 51 and 1, the fifth 50 and 1.
    expected = (0.5 + 0.5 + 0 + 0 + 0.5) / 5
    assert compute("knn", features, labels, neighbors=2) == expected


def test_all_others_vote_for_the_largest_class():
    features, labels = dataset(30, 3, n_classes=2)
    labels[:4] = 0
    expected = np.mean(labels == 0)
    with pytest.warns(SaturatedScore, match="all samples vote for each"):
        assert compute("knn", features, labels, neighbors=29) == expected


def test_the_only_sample_of_its_class_is_missed():
    features = np.random.default_rng(0).normal(size=(7, 2))
    with pytest.warns(SaturatedScore, match="a class of its own"):
        assert compute("knn", features, np.arange(7)) == 0


def test_copies_of_a_sample_name_it():
    features, labels = dataset(40, 5, n_classes=4)
    copied = compute("knn", np.repeat(features, 2, axis=0), np.repeat(labels, 2))
    assert copied == 1


def test_unit_rows_compare_directions():
    features, labels = dataset()
    lengths = np.random.default_rng(1).uniform(0.1, 10, (60, 1))
    expected = compute("knn", features, labels, neighbors=3, normalize=True)
    found = compute("knn", lengths * features, labels, neighbors=3, normalize=True)
    assert found == expected
    assert compute("knn", lengths * features, labels, neighbors=3) != expected


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([1e-20, 7.0, 1e20]), st.booleans())
def test_scale_shift_and_order_do_not_matter(seed, scale, ties):
    rng = np.random.default_rng(seed)
    features, labels = dataset(seed=seed)
    if ties:
        features = np.round(features)
    order = rng.permutation(60)
    changed = (scale * (features + 3))[order]
    found = compute("knn", changed, labels[order], neighbors=4)
    assert found == pytest.approx(
        compute("knn", features, labels, neighbors=4), rel=1e-12
    )


def test_equal_rows_say_nothing():
    labels = np.array([0, 0, 0, 0, 1, 1])
    with pytest.warns(SaturatedScore, match="features are constant"):
        assert compute("knn", np.ones((6, 2)), labels) == 4 / 6


@pytest.mark.parametrize(
    ("neighbors", "message"),
    [
        (0, "neighbors must be at least 1, got 0"),
        (1.5, "neighbors must be a whole number, got 1.5"),
        (60, "neighbors is 60 but each sample has only 59 others"),
    ],
)
def test_bad_neighbors(neighbors, message):
    with pytest.raises(ValueError, match=message):
        compute("knn", *dataset(), neighbors=neighbors)


def test_row_of_zeros_has_no_direction():
    features, labels = dataset()
    features[5] = 0
    assert 0 < compute("knn", features, labels) < 1
    with pytest.raises(ValueError, match="all zero at row 5"):
        compute("knn", features, labels, normalize=True)


def test_unknown_search():
    with pytest.raises(ValueError, match="search must be one of exact"):
        compute("knn", *dataset(), search="magic")

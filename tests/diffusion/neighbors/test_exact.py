import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from peftdiff import threads
from peftdiff.diffusion.neighbors import SEARCHES, exact, find_neighbors, pairs, tiles
from peftdiff.diffusion.neighbors.pairs import pair_distances


@pytest.fixture(scope="module", autouse=True, params=[0, exact.DIRECT])
def way(request):
    """Search by float32 tiles, or by float64 products at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "DIRECT", request.param)
        yield request.param


def brute_force(features, neighbors):
    """All samples within each sample's k-th smallest distance, as sets, and radii."""
    distances = cdist(features, features)
    radii = np.sort(distances, axis=1)[:, neighbors - 1]
    tolerance = 1e-12 * np.linalg.norm(features, axis=1).max()
    inside = distances <= radii[:, None] + tolerance
    return [set(np.flatnonzero(row)) for row in inside], radii


def as_sets(found):
    ends = zip(found.starts[:-1], found.starts[1:], strict=True)
    return [set(found.indices[start:end].tolist()) for start, end in ends]


def assert_same(features, neighbors):
    found = find_neighbors(features, neighbors)
    sets, radii = brute_force(features, neighbors)
    assert as_sets(found) == sets
    np.testing.assert_allclose(found.radii(neighbors), radii, rtol=1e-9, atol=1e-12)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 90), st.integers(1, 40), st.data())
def test_random_samples_against_brute_force(seed, n, d, data):
    neighbors = data.draw(st.integers(1, n))
    features = np.random.default_rng(seed).normal(size=(n, d))
    assert_same(features, neighbors)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 90), st.integers(1, 3), st.data())
def test_samples_full_of_ties_against_brute_force(seed, n, d, data):
    neighbors = data.draw(st.integers(1, n))
    features = np.random.default_rng(seed).integers(0, 3, (n, d)).astype(float)
    assert_same(features, neighbors)


@pytest.mark.parametrize("spread", [1e-2, 1e-4, 1e-6])
def test_clusters_too_tight_for_float32(spread, monkeypatch):
    compared = []

    def count(features, rows, columns):
        compared.append(len(rows))
        return pair_distances(features, rows, columns)

    rng = np.random.default_rng(0)
    centers = rng.normal(size=(3, 50))
    features = np.repeat(centers, 100, axis=0) + spread * rng.normal(size=(300, 50))
    distances = cdist(features, features)
    nearest = np.sort(np.argsort(distances, axis=1)[:, :8], axis=1)
    monkeypatch.setattr(exact, "pair_distances", count)
    found = find_neighbors(features, 8)
    assert np.array_equal(np.sort(found.indices.reshape(-1, 8), axis=1), nearest)
    # float64 products leave few others to compare.
    assert sum(compared) < 300 * 20


def test_float32_products_alone_would_choose_wrongly():
    # The candidates' margin and the proof are needed: this is what they repair.
    rng = np.random.default_rng(0)
    features = 1e-5 * rng.normal(size=(300, 50)) + rng.normal(size=50)
    features[0] += 100
    single = (features - features.mean(axis=0)).astype(np.float32)
    norms = (single**2).sum(axis=1)
    by_products = np.argsort(norms[:, None] + norms - 2 * single @ single.T, axis=1)
    sets, _ = brute_force(features, 8)
    wrong = sum(
        set(row[:8]) != right for row, right in zip(by_products, sets, strict=True)
    )
    assert wrong > 100
    distances = cdist(features, features)
    nearest = np.sort(np.argsort(distances, axis=1)[:, :8], axis=1)
    found = find_neighbors(features, 8).nearest(8)
    assert all(
        set(row) <= got for row, got in zip(nearest, as_sets(found), strict=True)
    )


@pytest.mark.parametrize("tile", [3, 16, 199])
def test_tiles_do_not_show(monkeypatch, tile):
    features = np.random.default_rng(0).normal(size=(200, 10))
    whole = find_neighbors(features, 7)
    monkeypatch.setattr(tiles, "TILE", tile)
    monkeypatch.setattr(pairs, "CHUNK_CELLS", 23)
    blocks = find_neighbors(features, 7)
    assert np.array_equal(whole.indices, blocks.indices)
    np.testing.assert_allclose(blocks.distances, whole.distances, rtol=1e-13)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_many_threads_find_the_same(seed, neighbors):
    features = np.random.default_rng(seed).integers(0, 4, (300, 6)).astype(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "TILE", 7)
        patch.setattr(pairs, "PIECE_CELLS", 600)
        one = find_neighbors(features, neighbors)
        patch.setattr(threads, "_count", lambda blas: 8)
        eight = find_neighbors(features, neighbors)
    assert all(np.array_equal(*both) for both in zip(one, eight, strict=True))


def test_the_sample_itself_is_counted_and_comes_first():
    features = np.random.default_rng(0).normal(size=(50, 4))
    found = find_neighbors(features, 3)
    assert np.array_equal(found.indices[found.starts[:-1]], np.arange(50))
    assert np.all(found.distances[found.starts[:-1]] == 0)
    assert np.array_equal(np.diff(found.starts), np.full(50, 3))


def test_a_tie_at_the_last_place_is_kept_whole():
    features = np.array([[0.0], [1.0], [-1.0], [5.0]])
    found = find_neighbors(features, 2)
    assert as_sets(found)[0] == {0, 1, 2}


def test_equal_rows_are_all_neighbors():
    found = find_neighbors(np.ones((40, 3)), 5)
    assert np.array_equal(np.diff(found.starts), np.full(40, 40))


def test_masses_of_equal_rows_are_refused(monkeypatch):
    monkeypatch.setattr(exact, "MAX_PAIRS", 1000)
    with pytest.raises(ValueError, match="drop the duplicates"):
        find_neighbors(np.ones((40, 3)), 5)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.booleans())
def test_order_of_the_samples_does_not_matter(seed, ties):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(80, 3))
    if ties:
        features = np.round(features)
    order = rng.permutation(80)
    sets = as_sets(find_neighbors(features, 6))
    shuffled = as_sets(find_neighbors(features[order], 6))
    for place, original in enumerate(order):
        assert set(order[list(shuffled[place])].tolist()) == sets[original]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 90), st.integers(1, 40), st.data())
def test_tiles_against_brute_force(seed, n, d, data):
    # Small tiles, so that cutoffs are tightened many times, and classes far apart.
    neighbors = data.draw(st.integers(1, n))
    margin = data.draw(st.sampled_from([0, 3, tiles.MARGIN]))
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, d)) + 30.0 * np.arange(n)[:, None] // (n / 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "TILE", 8)
        patch.setattr(tiles, "MARGIN", margin)
        assert_same(features, neighbors)


def test_distances_keep_their_digits_however_close_the_samples():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(8, 30))
    for gap in (1.0, 1e-2, 1e-5, 1e-9):
        moved = features + gap * rng.normal(size=features.shape)
        both = np.concatenate([features, moved])
        exactly = np.sqrt(((moved - features) ** 2).sum(axis=1))
        place = np.arange(8)
        found = pair_distances(both, place, place + 8)
        np.testing.assert_allclose(found, exactly, rtol=1e-13)
    assert np.all(pair_distances(both, place, place) == 0)


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 7.0, 1e20, 1e300])
def test_scale_does_not_matter(scale):
    features = np.random.default_rng(0).normal(size=(60, 5))
    base, scaled = find_neighbors(features, 6), find_neighbors(features * scale, 6)
    assert np.array_equal(base.indices, scaled.indices)
    np.testing.assert_allclose(scaled.distances, base.distances * scale, rtol=1e-12)


@pytest.mark.parametrize("rounded", [False, True])
def test_fewer_neighbors_of_a_larger_search_are_those_of_a_smaller(rounded):
    features = np.random.default_rng(0).normal(size=(80, 3))
    if rounded:
        features = np.round(features)
    large, small = find_neighbors(features, 30), find_neighbors(features, 4)
    cut = large.nearest(4)
    assert np.array_equal(cut.starts, small.starts)
    assert np.array_equal(cut.indices, small.indices)
    np.testing.assert_allclose(cut.distances, small.distances, rtol=1e-13)


def test_features_are_not_modified():
    features = np.random.default_rng(0).normal(size=(60, 5))
    before = features.copy()
    find_neighbors(features, 6)
    assert np.array_equal(features, before)


def test_unknown_search_lists_the_known():
    with pytest.raises(ValueError, match=r"search must be one of exact, .*'magic'"):
        find_neighbors(np.ones((3, 2)), 2, "magic")
    assert list(SEARCHES) == ["exact", "torch", "approximate"]


@pytest.mark.parametrize("neighbors", [0, 4])
def test_neighbors_outside_the_samples(neighbors):
    with pytest.raises(ValueError, match=f"neighbors is {neighbors}"):
        find_neighbors(np.ones((3, 2)), neighbors)

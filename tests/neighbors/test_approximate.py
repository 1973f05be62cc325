import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from peftdiff.diffusion import diffusion_score
from peftdiff.neighbors import approximate, find_neighbors


def brute_force(queries, samples, count):
    squared = cdist(queries, samples, "sqeuclidean")
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(squared, nearest, axis=1), nearest


class FakeIndex:
    """Finds everyone, but for the samples that are lost or alone."""

    lost: tuple[int, ...] = ()
    alone: tuple[int, ...] = ()

    def __init__(self, d, code, links):
        assert code == "a byte"
        self.hnsw = SimpleNamespace()

    def train(self, samples):
        self.trained = True

    def add(self, samples):
        assert self.trained
        assert samples.dtype == np.float32
        self.samples = samples

    def search(self, queries, count):
        squared, nearest = brute_force(queries, self.samples, count)
        place = [
            int(np.flatnonzero((self.samples == q).all(axis=1))[0]) for q in queries
        ]
        for row, sample in enumerate(place):
            if sample in self.lost:
                nearest[row], squared[row] = (
                    np.roll(np.arange(len(self.samples)), 7)[:count],
                    1.0,
                )
                nearest[row][nearest[row] == sample] = (sample + 1) % len(self.samples)
            if sample in self.alone:
                nearest[row, 1:] = -1
        return squared.astype(np.float32), nearest


@pytest.fixture
def fake(monkeypatch):
    threads = []
    module = SimpleNamespace(
        IndexHNSWSQ=type("Index", (FakeIndex,), {}),
        ScalarQuantizer=SimpleNamespace(QT_8bit="a byte"),
        knn=brute_force,
        omp_get_max_threads=lambda: 5,
        omp_set_num_threads=threads.append,
        threads=threads,
    )
    monkeypatch.setitem(sys.modules, "faiss", module)
    return module


def assert_exact(features, neighbors):
    expected = find_neighbors(features, neighbors)
    found = find_neighbors(features, neighbors, "approximate")
    assert np.array_equal(found.starts, expected.starts)
    assert np.array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5)


@pytest.mark.parametrize("neighbors", [1, 6, 59, 60])
def test_what_the_library_finds_is_put_in_order(fake, neighbors):
    features = np.random.default_rng(0).normal(size=(60, 5))
    assert_exact(features, neighbors)
    assert fake.threads == [1, 5]


def test_who_is_lost_is_compared_with_everyone(fake):
    fake.IndexHNSWSQ.lost, fake.IndexHNSWSQ.alone = (3, 40), (17,)
    assert_exact(np.random.default_rng(0).normal(size=(60, 5)), 6)


def test_duplicates_do_not_push_a_sample_out_of_its_own_neighborhood(fake):
    features = np.repeat(np.random.default_rng(0).normal(size=(3, 5)), 20, axis=0)
    found = find_neighbors(features, 4, "approximate")
    assert np.array_equal(np.diff(found.starts), np.full(60, 4))
    assert np.all(found.distances == 0)
    own = found.indices.reshape(60, 4) == np.arange(60)[:, None]
    assert np.array_equal(own.sum(axis=1), np.ones(60))


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1e20, 1e300])
def test_scale_does_not_matter(fake, scale):
    features = np.random.default_rng(0).normal(size=(60, 5))
    assert_exact(features * scale, 6)


def test_float32_features_are_not_copied(fake, monkeypatch):
    features = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    singles, scale = approximate._singles(features)
    assert np.shares_memory(singles, features)
    assert scale == 1
    monkeypatch.setattr(approximate, "BLOCK", 7)
    assert_exact(features, 6)


def test_the_score_is_that_of_the_neighbors(fake):
    labels = np.arange(120) % 3
    features = np.random.default_rng(0).normal(size=(120, 8)) + labels[:, None]
    exact = diffusion_score(features, labels)
    single = features.astype(np.float32)
    found = diffusion_score(single, labels, search="approximate")
    assert found[:2] == pytest.approx(exact[:2], rel=1e-4)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r"pip install \"peftdiff\[approximate\]\""):
        find_neighbors(np.eye(4), 2, "approximate")


def test_the_library_itself_finds_nearly_all():
    pytest.importorskip("faiss", reason="search='approximate' needs faiss")
    features = np.random.default_rng(0).normal(size=(2000, 16)).astype(np.float32)
    exact = find_neighbors(features, 10).indices.reshape(-1, 10)
    found, again = (find_neighbors(features, 10, "approximate") for _ in range(2))
    assert np.array_equal(found.indices, again.indices)
    assert np.array_equal(found.distances, again.distances)
    pairs = zip(found.indices.reshape(-1, 10), exact, strict=True)
    assert np.mean([len(np.intersect1d(*pair)) for pair in pairs]) > 9.9

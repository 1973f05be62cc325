import sys

import numpy as np
import pytest

from peftdiff.diffusion import diffusion_score
from peftdiff.diffusion.neighbors import approximate, find_neighbors
from peftdiff.runtime import UserError


def assert_exact(features, neighbors):
    expected = find_neighbors(features, neighbors)
    found = find_neighbors(features, neighbors, "approximate")
    assert np.array_equal(found.starts, expected.starts)
    assert np.array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5)


@pytest.fixture
def small_lists(monkeypatch):
    monkeypatch.setattr(approximate, "LIST_SIZE", 6)


@pytest.fixture
def all_lists_probed(monkeypatch, small_lists):
    monkeypatch.setattr(approximate, "PROBES", 1000)


@pytest.mark.parametrize("neighbors", [1, 6, 59, 60])
def test_with_all_lists_probed_nothing_is_missed(all_lists_probed, neighbors):
    assert_exact(np.random.default_rng(0).normal(size=(60, 5)), neighbors)


def test_blocks_of_samples_are_put_together(all_lists_probed, monkeypatch):
    monkeypatch.setattr(approximate, "BLOCK", 7)
    monkeypatch.setattr(approximate, "PIECE", 3)
    assert_exact(np.random.default_rng(0).normal(size=(60, 5)), 6)


def test_who_finds_too_few_is_compared_with_everyone(small_lists, monkeypatch):
    monkeypatch.setattr(approximate, "PROBES", 1e-9)  # the own list alone
    features = np.random.default_rng(0).normal(size=(60, 5))
    assert_exact(features, 50)


def test_duplicates_do_not_push_a_sample_out_of_its_own_neighborhood(small_lists):
    features = np.repeat(np.random.default_rng(0).normal(size=(3, 5)), 20, axis=0)
    found = find_neighbors(features, 4, "approximate")
    assert np.array_equal(np.diff(found.starts), np.full(60, 4))
    assert np.all(found.distances == 0)
    own = found.indices.reshape(60, 4) == np.arange(60)[:, None]
    assert np.array_equal(own.sum(axis=1), np.ones(60))


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1e20, 1e300])
def test_scale_does_not_matter(all_lists_probed, scale):
    assert_exact(np.random.default_rng(0).normal(size=(60, 5)) * scale, 6)


def test_a_common_offset_does_not_matter(all_lists_probed):
    features = np.random.default_rng(0).normal(size=(60, 5)) + 1000
    assert_exact(features.astype(np.float32), 6)


def test_float32_features_are_not_copied():
    features = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    singles, scale = approximate._singles(features)
    assert np.shares_memory(singles, features)
    assert scale == 1


def test_the_score_is_that_of_the_neighbors():
    labels = np.arange(120) % 3
    features = np.random.default_rng(0).normal(size=(120, 8)) + labels[:, None]
    exact = diffusion_score(features, labels)
    single = features.astype(np.float32)
    found = diffusion_score(single, labels, search="approximate")
    assert found[:2] == pytest.approx(exact[:2], rel=1e-4)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    message = r"pip install \"peftdiff\[approximate\]\""
    with pytest.raises(ImportError, match=message) as missing:
        find_neighbors(np.eye(4), 2, "approximate")
    assert isinstance(missing.value, UserError)  # a job ends in this sentence


def test_nearly_all_are_found_and_the_same_each_time(monkeypatch):
    monkeypatch.setattr(approximate, "LIST_SIZE", 50)
    features = np.random.default_rng(0).normal(size=(2000, 16)).astype(np.float32)
    exact = find_neighbors(features, 10).indices.reshape(-1, 10)
    found, again = (find_neighbors(features, 10, "approximate") for _ in range(2))
    assert np.array_equal(found.indices, again.indices)
    assert np.array_equal(found.distances, again.distances)
    pairs = zip(found.indices.reshape(-1, 10), exact, strict=True)
    shares = [len(np.intersect1d(*pair)) / 10 for pair in pairs]
    assert 0.5 < np.mean(shares) < 1  # 7 of 40 lists: this data has no structure

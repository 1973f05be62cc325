import sys

import numpy as np
import pytest

from peftdiff.diffusion import diffusion_score
from peftdiff.diffusion.neighbors import exact, find_neighbors, on_device

torch = pytest.importorskip("torch", reason="search='torch' needs torch")


@pytest.fixture(scope="module", autouse=True)
def few_samples_are_proposed_too():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "DIRECT", 0)
        yield


def assert_equal(features, neighbors):
    expected = find_neighbors(features, neighbors)
    found = find_neighbors(features, neighbors, "torch")
    assert np.array_equal(found.starts, expected.starts)
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.distances, expected.distances)
    assert found.tolerance == expected.tolerance


@pytest.mark.parametrize("neighbors", [1, 7, 200])
@pytest.mark.parametrize("decimals", [0, 9])
def test_it_finds_what_the_exact_search_finds(neighbors, decimals, monkeypatch):
    features = np.random.default_rng(0).normal(size=(200, 5)).round(decimals)
    assert_equal(features, neighbors)
    monkeypatch.setattr(on_device, "BLOCK_CELLS", 200 * 7)
    assert_equal(features, neighbors)


@pytest.mark.parametrize("spread", [1e-3, 1e-6, 0.0])
def test_clusters_too_tight_for_float32(spread):
    rng = np.random.default_rng(0)
    centers = np.repeat(rng.normal(size=(3, 20)), 60, axis=0)
    assert_equal(centers + spread * rng.normal(size=centers.shape), 8)


def test_the_score_is_the_same():
    labels = np.arange(120) % 3
    features = np.random.default_rng(0).normal(size=(120, 8)) + labels[:, None]
    exact = diffusion_score(features, labels)
    assert diffusion_score(features, labels, search="torch")[:2] == exact[:2]


def test_products_are_full_float32_and_the_setting_returns():
    torch.set_float32_matmul_precision("medium")
    try:
        with on_device._full_float32(torch):
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install \"peftdiff\[torch\]\""):
        find_neighbors(np.eye(4), 2, "torch")

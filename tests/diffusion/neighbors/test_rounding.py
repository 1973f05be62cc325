import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from peftdiff.diffusion.neighbors.rounding import cutoffs, kth_bound
from peftdiff.diffusion.neighbors.tiles import squaring_factors


def sequential(left, right):
    """All products of the rows, added up one after the other in float32: the worst."""
    total = np.zeros((len(left), len(right)), dtype=np.float32)
    for a, b in zip(left.T, right.T, strict=True):
        total += a[:, None] * b
    return total


@settings(max_examples=25)
@given(
    st.integers(0, 10_000),
    st.integers(3, 60),
    st.integers(1, 200),
    st.sampled_from([1.0, 1e-2, 1e-4]),
    st.data(),
)
def test_no_neighbor_lies_beyond_its_cutoff(seed, n, d, spread, data):
    neighbors = data.draw(st.integers(1, n))
    rng = np.random.default_rng(seed)
    features = rng.normal(size=d) + spread * rng.normal(size=(n, d))
    features[0] *= 10  # one far away, whose products round most
    features -= features.mean(axis=0)
    factors = squaring_factors(features, np.arange(n))
    squared = sequential(factors.left(slice(None)), factors.right)
    kth = np.sort(squared, axis=1)[:, neighbors - 1]
    cutoff = cutoffs(kth, factors.norms, d + 2, np.float32, 1e-12)
    distances = cdist(features, features)
    inside = distances <= np.sort(distances, axis=1)[:, [neighbors - 1]]
    assert np.all(squared[inside] <= np.broadcast_to(cutoff[:, None], (n, n))[inside])


def test_the_cutoff_is_hardly_beyond_where_products_are_exact_enough():
    kth = np.array([0.5, 2.0])
    cutoff = cutoffs(kth, np.ones(2), 768, np.float64, 1e-12)
    np.testing.assert_allclose(cutoff, kth, rtol=1e-10)
    single = cutoffs(kth, np.ones(2), 768, np.float32, 1e-12)
    np.testing.assert_allclose(single, kth, rtol=3e-3)
    assert np.all(single > cutoff)


def test_without_enough_distances_nobody_is_cut_off():
    assert np.isinf(cutoffs(np.array([np.inf]), np.zeros(1), 5, np.float32, 0.0)[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_negative_squares_are_rounding(dtype):
    assert cutoffs(np.array([-1e-9]), np.ones(1), 5, dtype, 0.0)[0] > 0


@settings(max_examples=60)
@given(st.integers(1, 9), st.integers(9, 300), st.integers(0, 1000))
def test_no_fewer_than_k_values_pass_the_bound(k, columns, seed):
    values = np.random.default_rng(seed).integers(0, 50, (7, columns)).astype(float)
    bound = kth_bound(values, k)
    assert ((values <= bound[:, None]).sum(axis=1) >= k).all()


def test_the_bound_lets_few_values_pass():
    values = np.random.default_rng(0).normal(size=(500, 1000))
    passed = (values <= kth_bound(values, 20)[:, None]).sum(axis=1)
    assert passed.min() >= 20
    assert passed.mean() < 25

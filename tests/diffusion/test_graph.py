import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from peftdiff.diffusion.graph import directed_kernel, symmetrized, unit_rows
from peftdiff.diffusion.neighbors import find_neighbors


def dense_one_way(features, neighbors, width):
    distances = cdist(features, features)
    inside = distances <= np.sort(distances, axis=1)[:, [neighbors - 1]]
    return np.where(inside, np.exp(-(distances**2) / (2 * width**2)), 0)


def kernel_of(features, neighbors, *options):
    return directed_kernel(find_neighbors(features, neighbors), neighbors, *options)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(3, 40), st.floats(0.3, 3), st.data())
def test_kernel_is_the_formula_on_the_neighbors(seed, n, width, data):
    neighbors = data.draw(st.integers(2, n))
    features = np.random.default_rng(seed).normal(size=(n, 3))
    expected = dense_one_way(features, neighbors, width)
    kernel = kernel_of(features, neighbors, width).toarray()
    np.testing.assert_allclose(kernel, expected, rtol=1e-10, atol=1e-300)


def test_kernel_of_a_larger_search():
    features = np.random.default_rng(0).normal(size=(30, 3))
    kernel = directed_kernel(find_neighbors(features, 12), 5)
    assert np.array_equal(kernel.toarray(), kernel_of(features, 5).toarray())


def test_self_loops_have_weight_one_or_are_absent():
    features = np.random.default_rng(0).normal(size=(30, 3))
    with_loops = kernel_of(features, 5)
    without = kernel_of(features, 5, 1.0, False)
    assert np.array_equal(with_loops.diagonal(), np.ones(30))
    difference = (with_loops - without).toarray()
    assert np.array_equal(difference, np.eye(30))


def test_median_width():
    features = np.random.default_rng(0).normal(size=(31, 3))
    radii = np.sort(cdist(features, features), axis=1)[:, 4]
    expected = kernel_of(features, 5, float(np.median(radii))).toarray()
    kernel = kernel_of(features, 5, "median").toarray()
    np.testing.assert_allclose(kernel, expected, rtol=1e-12)


def test_self_tuning_width():
    features = np.random.default_rng(0).normal(size=(31, 3))
    distances = cdist(features, features)
    radii = np.sort(distances, axis=1)[:, 4]
    full = np.exp(-(distances**2) / np.outer(radii, radii))
    kernel = kernel_of(features, 5, "self_tuning").toarray()
    np.testing.assert_allclose(kernel, np.where(kernel > 0, full, 0), rtol=1e-12)


@pytest.mark.parametrize("width", ["median", "self_tuning"])
def test_adaptive_widths_do_not_feel_the_scale(width):
    features = np.random.default_rng(0).normal(size=(31, 3))
    kernel = kernel_of(features, 5, width).toarray()
    for scale in (1e-300, 1e6, 1e300):
        scaled = kernel_of(features * scale, 5, width).toarray()
        np.testing.assert_allclose(kernel, scaled, rtol=1e-10)


@pytest.mark.parametrize("width", ["median", "self_tuning"])
def test_adaptive_widths_refuse_masses_of_duplicates(width):
    with pytest.raises(ValueError, match="is zero: samples have as many duplicates"):
        kernel_of(np.ones((10, 2)), 3, width)


@pytest.mark.parametrize("width", [0, -1.0, np.nan, "wide", None])
def test_bad_width(width):
    with pytest.raises(ValueError, match="kernel_width must be"):
        kernel_of(np.eye(4), 3, width)


def test_weights_that_underflow_are_absent():
    kernel = kernel_of(np.arange(5.0)[:, None] * 1e200, 3)
    assert np.array_equal(kernel.toarray(), np.eye(5))
    assert kernel.nnz == 5


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_symmetrization_against_the_dense_formula(seed):
    features = np.random.default_rng(seed).normal(size=(25, 2))
    one_way = kernel_of(features, 4)
    dense = one_way.toarray()
    assert not np.array_equal(dense, dense.T)
    expected = {
        "max": np.maximum(dense, dense.T),
        "mean": (dense + dense.T) / 2,
        "mutual": np.minimum(dense, dense.T),
    }
    for name, matrix in expected.items():
        kernel = symmetrized(one_way, name).toarray()
        assert np.array_equal(kernel, matrix)
        assert np.array_equal(kernel, kernel.T)


def test_unknown_symmetrization():
    with pytest.raises(ValueError, match="symmetrize must be one of max, mean, mutual"):
        symmetrized(kernel_of(np.eye(4), 3), "min")


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_unit_rows(scale):
    features = scale * np.array([[3.0, 4.0], [0.0, -2.0]])
    before = features.copy()
    np.testing.assert_allclose(unit_rows(features), [[0.6, 0.8], [0, -1]], rtol=1e-15)
    assert np.array_equal(features, before)


def test_unit_rows_keep_their_type_and_blocks_do_not_show(monkeypatch):
    features = np.random.default_rng(0).normal(size=(50, 6))
    whole, single = unit_rows(features), unit_rows(features.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, whole, rtol=0, atol=1e-6)
    monkeypatch.setattr("peftdiff.diffusion.inputs.BLOCK_CELLS", 20)
    assert np.array_equal(unit_rows(features), whole)
    features[47] = 0
    with pytest.raises(ValueError, match="features are all zero at row 47"):
        unit_rows(features)


def test_a_row_of_zeros_has_no_direction():
    with pytest.raises(ValueError, match="features are all zero at row 2"):
        unit_rows(np.array([[1.0, 2], [2, 1], [0, 0]]))

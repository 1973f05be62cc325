import numpy as np
import pytest
from scipy import sparse

from peftdiff.diffusion.operator import conjugate, degree, stationary, transition


@pytest.fixture
def kernel():
    rng = np.random.default_rng(0)
    dense = rng.uniform(0.1, 1, (8, 8)) * (rng.uniform(size=(8, 8)) < 0.5)
    return sparse.csr_array(np.maximum(dense, dense.T) + np.eye(8))


def test_transition_is_a_walk_with_its_stationary_distribution(kernel):
    degrees = degree(kernel)
    walk = transition(kernel, degrees).toarray()
    pi = stationary(degrees)
    np.testing.assert_allclose(walk.sum(axis=1), 1)
    np.testing.assert_allclose(pi @ walk, pi)
    np.testing.assert_allclose(pi, np.linalg.matrix_power(walk, 500)[0])
    flow = pi[:, None] * walk
    np.testing.assert_allclose(flow, flow.T)  # detailed balance: reversible


def test_conjugate_is_symmetric_and_similar_to_the_walk(kernel):
    degrees = degree(kernel)
    symmetric = conjugate(kernel, degrees).toarray()
    walk = transition(kernel, degrees).toarray()
    root = np.diag(np.sqrt(degrees))
    assert np.array_equal(symmetric, symmetric.T)
    np.testing.assert_allclose(symmetric, root @ walk @ np.linalg.inv(root))


def test_a_sample_without_neighbors_is_an_error():
    with pytest.raises(ValueError, match="sample 1 has no neighbor left"):
        degree(sparse.csr_array(np.diag([1.0, 0.0, 1.0])))


def test_tiny_degrees_have_a_stationary_distribution():
    pi = stationary(np.array([1e-320, 1e-320, 2e-320]))
    np.testing.assert_allclose(pi, [0.25, 0.25, 0.5])

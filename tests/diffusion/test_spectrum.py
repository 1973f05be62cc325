import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from peftdiff.diffusion.operator import conjugate, degree, stationary, transition
from peftdiff.diffusion.spectrum import DisconnectedGraphWarning, diffusion_spectrum

SPARSE = 400  # more samples than the dense solver is used for


def ring(n, loop):
    """Samples on a ring, linked to both neighbors, with self loops of a weight."""
    place = np.arange(n)
    links = sparse.csr_array((np.ones(n), (place, (place + 1) % n)), shape=(n, n))
    return sparse.csr_array(links + links.T + loop * sparse.eye_array(n))


def path(n):
    place = np.arange(n - 1)
    links = sparse.csr_array((np.ones(n - 1), (place, place + 1)), shape=(n, n))
    return sparse.csr_array(links + links.T)


def random_kernel(seed, n, density, loops):
    """A random symmetric kernel, often disconnected."""
    rng = np.random.default_rng(seed)
    dense = rng.uniform(0.1, 1, (n, n)) * (rng.uniform(size=(n, n)) < density)
    dense = np.maximum(dense, dense.T)
    np.fill_diagonal(dense, 1.0 if loops else 0.0)
    place = np.arange(0, n - 1, 2)
    dense[place, place + 1] = dense[place + 1, place] = 0.5  # nobody is left alone
    dense[n - 1, 0] = dense[0, n - 1] = 0.7
    return sparse.csr_array(dense)


def islands(sizes, seed=0):
    """Random connected graphs without any link between them."""
    rng = np.random.default_rng(seed)
    blocks = []
    for size in sizes:
        points = rng.normal(size=(size, 3))
        squared = ((points[:, None] - points) ** 2).sum(axis=-1)
        radius = np.sort(squared, axis=1)[:, [min(12, size - 1)]]
        weights = np.where(squared <= radius, np.exp(-squared / 2), 0)
        blocks.append(np.maximum(weights, weights.T))
    return sparse.csr_array(sparse.block_diag(blocks))


def quiet_spectrum(*arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedGraphWarning)
        return diffusion_spectrum(*arguments, **options)


@pytest.mark.parametrize("loop", [0.0, 1.0, 2.5])
@pytest.mark.parametrize(("n", "components"), [(2 * 6, 12), (9, 9), (SPARSE, 11)])
def test_ring(n, components, loop):
    angles = 2 * np.pi * np.arange(n) / n
    expected = np.sort((loop + 2 * np.cos(angles)) / (loop + 2))[::-1]
    spectrum = diffusion_spectrum(ring(n, loop), components)
    np.testing.assert_allclose(
        spectrum.eigenvalues, expected[:components], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(("n", "components"), [(10, 10), (SPARSE, 8)])
def test_path_with_reflecting_ends(n, components):
    spectrum = diffusion_spectrum(path(n), components)
    waves = np.arange(components)
    np.testing.assert_allclose(
        spectrum.eigenvalues, np.cos(np.pi * waves / (n - 1)), rtol=0, atol=1e-10
    )
    cosines = np.cos(np.pi * np.outer(np.arange(n), waves) / (n - 1))
    pi = stationary(degree(path(n)))
    expected = cosines / np.sqrt(pi @ cosines**2)
    np.testing.assert_allclose(
        np.abs(spectrum.eigenvectors), np.abs(expected), rtol=0, atol=1e-6
    )


@settings(max_examples=60)
@given(
    st.integers(0, 10_000),
    st.integers(3, 24),
    st.sampled_from([0.0, 0.1, 0.4]),
    st.booleans(),
    st.integers(1, 6),
)
def test_diffusion_distance_from_explicit_powers(seed, n, density, loops, time):
    kernel = random_kernel(seed, n, density, loops)
    values, vectors, _ = quiet_spectrum(kernel, n)
    degrees = degree(kernel)
    walk = np.linalg.matrix_power(transition(kernel, degrees).toarray(), time)
    gap = walk[:, None] - walk
    expected = (gap**2 / stationary(degrees)).sum(axis=-1)
    spectral = ((vectors[:, None] - vectors) ** 2 * values ** (2 * time)).sum(axis=-1)
    np.testing.assert_allclose(spectral, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("sizes", [[30], [30, 20, 10], [SPARSE], [SPARSE, 20, 5]])
def test_eigenvectors_are_the_walks_and_orthonormal_under_its_weights(sizes):
    kernel = islands(sizes)
    values, vectors, parts = diffusion_spectrum(kernel, 9)
    degrees = degree(kernel)
    walked = transition(kernel, degrees) @ vectors
    np.testing.assert_allclose(walked, vectors * values, rtol=0, atol=1e-10)
    products = vectors.T @ (stationary(degrees)[:, None] * vectors)
    np.testing.assert_allclose(products, np.eye(9), rtol=0, atol=1e-10)
    assert parts == len(sizes)
    assert np.all(np.diff(values) <= 0)


@pytest.mark.parametrize("seed", range(4))
def test_no_copy_of_eigenvalue_one_is_missed(seed):
    # A Lanczos solver on the whole graph finds five of these twelve.
    kernel = islands([40] * 12)
    expected = np.linalg.eigvalsh(conjugate(kernel, degree(kernel)).toarray())[::-1]
    spectrum = diffusion_spectrum(kernel, 20, seed)
    assert np.array_equal(spectrum.eigenvalues[:12], np.ones(12))
    np.testing.assert_allclose(spectrum.eigenvalues, expected[:20], rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_no_copy_of_another_eigenvalue_is_missed(seed):
    # Equal islands, each tied to the same extra sample by the same weak link: one
    # connected graph with eigenvalues of multiplicity 14, of which a Lanczos solver
    # finds fewer.
    island = islands([40]).toarray()
    dense = np.kron(np.eye(15), island)
    links = np.zeros((600, 1))
    links[::40] = 0.01
    kernel = sparse.csr_array(np.block([[dense, links], [links.T, np.ones((1, 1))]]))
    expected = np.linalg.eigvalsh(conjugate(kernel, degree(kernel)).toarray())[::-1]
    spectrum = diffusion_spectrum(kernel, 16, seed)
    assert spectrum.connected_components == 1
    np.testing.assert_allclose(spectrum.eigenvalues, expected[:16], rtol=0, atol=1e-11)


def test_more_connected_components_than_asked_for_are_all_kept():
    kernel = islands([6] * 7)
    with pytest.warns(DisconnectedGraphWarning, match="7 connected components, more"):
        spectrum = diffusion_spectrum(kernel, 4)
    assert spectrum.eigenvectors.shape == (42, 7)
    assert np.array_equal(spectrum.eigenvalues, np.ones(7))
    # One vector for each component, constant on it and zero elsewhere.
    assert np.array_equal((spectrum.eigenvectors != 0).sum(axis=0), np.full(7, 6))
    for column in spectrum.eigenvectors.T:
        assert np.ptp(column[column != 0]) < 1e-12


def test_samples_alone_with_themselves():
    with pytest.warns(DisconnectedGraphWarning, match="5 connected components"):
        spectrum = diffusion_spectrum(sparse.csr_array(np.eye(5)), 2)
    np.testing.assert_allclose(spectrum.eigenvectors, np.sqrt(5) * np.eye(5))


def test_links_below_the_precision_do_not_connect():
    kernel = islands([30, 30]).tolil()
    kernel[0, 30] = kernel[30, 0] = 1e-30
    spectrum = diffusion_spectrum(sparse.csr_array(kernel), 5)
    assert spectrum.connected_components == 2


def test_faint_links_that_are_a_samples_only_ones_connect():
    kernel = sparse.csr_array(np.array([[0, 1e-30, 0], [1e-30, 0, 1], [0, 1, 0]]))
    spectrum = diffusion_spectrum(kernel, 3)
    assert spectrum.connected_components == 1
    np.testing.assert_allclose(spectrum.eigenvalues, [1, 0, -1], atol=1e-12)


@pytest.mark.parametrize("sizes", [[50], [SPARSE]])
def test_start_vectors_do_not_matter_and_signs_are_fixed(sizes):
    kernel = islands(sizes)
    first, second = (diffusion_spectrum(kernel, 8, seed) for seed in (0, 1))
    np.testing.assert_allclose(first.eigenvalues, second.eigenvalues, atol=1e-13)
    np.testing.assert_allclose(first.eigenvectors, second.eigenvectors, atol=1e-9)
    largest = np.abs(first.eigenvectors).argmax(axis=0)
    assert np.all(first.eigenvectors[largest, np.arange(8)] > 0)


def test_sparse_and_dense_solver_agree(monkeypatch):
    kernel = islands([SPARSE, 350])
    by_lanczos = diffusion_spectrum(kernel, 20)
    monkeypatch.setattr("peftdiff.diffusion.spectrum.DENSE_SIZE", 1000)
    dense = diffusion_spectrum(kernel, 20)
    np.testing.assert_allclose(by_lanczos.eigenvalues, dense.eigenvalues, atol=1e-13)
    np.testing.assert_allclose(by_lanczos.eigenvectors, dense.eigenvectors, atol=1e-8)


def test_eigenvalues_whose_cubes_vanish_are_told_apart():
    # Twenty cliques in a ring: twenty eigenvalues near 1, all others within 1e-6 of 0.
    rng = np.random.default_rng(0)
    faint = 1e-6 * rng.uniform(size=(SPARSE, SPARSE))
    dense = np.kron(np.eye(20), np.ones((20, 20))) + faint + faint.T
    kernel = sparse.csr_array(dense)
    expected = np.linalg.eigvalsh(conjugate(kernel, degree(kernel)).toarray())[::-1]
    found = diffusion_spectrum(kernel, 30).eigenvalues
    assert 0 < expected[29] < 1e-5
    np.testing.assert_allclose(found, expected[:30], rtol=0, atol=1e-13)


def test_a_solver_that_gives_up_is_replaced(monkeypatch):
    from scipy.sparse.linalg import ArpackNoConvergence

    def gives_up(*_, **__):
        raise ArpackNoConvergence("no", np.empty(0), np.empty((0, 0)))

    kernel = islands([SPARSE])
    expected = diffusion_spectrum(kernel, 5).eigenvalues
    monkeypatch.setattr("peftdiff.diffusion.spectrum.eigsh", gives_up)
    found = diffusion_spectrum(kernel, 5).eigenvalues
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_eigenvalues_that_crowd_at_one():
    # A path's eigenvalues lie 1e-6 apart: the solver would restart thousands of times.
    n = 1500
    found = diffusion_spectrum(path(n), 20)
    expected = np.cos(np.pi * np.arange(20) / (n - 1))
    np.testing.assert_allclose(found.eigenvalues, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("n", [10, 40])
def test_a_complete_graph_has_one_eigenvalue_but_one(n):
    # Without loops, all others are -1 / (n - 1), which some solvers cannot separate.
    kernel = sparse.csr_array(np.ones((n, n)) - np.eye(n))
    values, vectors, n_parts = diffusion_spectrum(kernel, n)
    assert n_parts == 1
    np.testing.assert_allclose(values, [1] + [-1 / (n - 1)] * (n - 1), atol=1e-12)
    np.testing.assert_allclose(vectors.T @ vectors / n, np.eye(n), atol=1e-10)

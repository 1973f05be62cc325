import numpy as np
import pytest

from peftdiff.metrics.reductions import Embedding, eigen_coordinates

RNG = np.random.default_rng(0)
SHAPES = [(30, 4), (12, 12), (8, 20), (2, 1)]


@pytest.fixture(params=SHAPES, ids=str)
def features(request):
    return RNG.normal(size=request.param) + 5


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("scale", [1e-310, 1e-30, 1.0, 1e30, 1e307])
def test_centered_features_and_their_unit(features, scale, whole):
    embedding = Embedding(scale * features, whole)
    centered = embedding.centered
    assert 0.5 <= np.abs(centered).max() < 1
    assert np.frexp(embedding.unit)[0] == 0.5  # a power of 2
    expected = scale * (features - features.mean(axis=0))
    allowed = 1e-14 * scale + 1e-322  # the least number is 5e-324
    assert embedding.unit * centered == pytest.approx(expected, rel=1e-9, abs=allowed)
    n, d = features.shape
    product = centered.T @ centered if n > d else centered @ centered.T
    assert embedding.gram == pytest.approx(product, rel=1e-12)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("count", [1, 3, 100, None])
def test_components_are_those_of_the_singular_vectors(features, count, whole):
    embedding = Embedding(features, whole)
    points, squares = embedding.components(count)
    left, roots, _ = np.linalg.svd(embedding.centered, full_matrices=False)
    r = min(count or 100, len(roots))
    assert points.shape == (len(features), r)
    assert squares == pytest.approx(roots[:r] ** 2, abs=1e-12)
    # Without signs, and the direction of the mean, where there is nothing:
    expected = np.abs(left[:, :r] * roots[:r])
    assert np.abs(points) == pytest.approx(expected, abs=1e-7)


def test_what_is_kept_cannot_be_written_to(features):
    embedding = Embedding(features)
    for array in (embedding.centered, embedding.gram, *embedding.components()):
        with pytest.raises(ValueError, match="read-only"):
            array += 1


def test_a_constant_column_is_zero_once_centered():
    features = RNG.normal(size=(10, 3))
    features[:, 1] = 0.1  # whose mean rounds to another number
    embedding = Embedding(features)
    assert not embedding.centered[:, 1].any()
    assert not embedding.constant
    assert Embedding(features[:, 1:2]).constant
    assert not Embedding(features[:, 1:2]).centered.any()


def test_rounding_is_that_of_the_mean():
    features = RNG.normal(size=(50, 3)) + 1e6
    shifts = Embedding(features).centered.mean(axis=0)
    assert np.abs(shifts).max() <= Embedding(features).rounding < 1e-7


@pytest.mark.parametrize(("m", "rank"), [(1, 1), (2, 2), (9, 9), (40, 40), (40, 7)])
@pytest.mark.parametrize("k", [1, 3, 50])
def test_coordinates_along_eigenvectors(m, rank, k):
    factor = RNG.normal(size=(m, rank))
    matrix, rows = factor @ factor.T, RNG.normal(size=(k, m))
    before = matrix.copy(), rows.copy()
    values, coordinates = eigen_coordinates(matrix, rows)
    assert np.array_equal(matrix, before[0])
    assert np.array_equal(rows, before[1])
    assert np.all(np.diff(values) >= 0)
    assert values == pytest.approx(np.linalg.eigvalsh(matrix), abs=1e-11)
    assert coordinates @ coordinates.T == pytest.approx(rows @ rows.T)
    for shift in (0.1, 10.0):  # R (A + shift I)^-1 R', with and without vectors
        expected = rows @ np.linalg.solve(matrix + shift * np.eye(m), rows.T)
        found = coordinates / (values + shift) @ coordinates.T
        assert found == pytest.approx(expected, abs=1e-9)

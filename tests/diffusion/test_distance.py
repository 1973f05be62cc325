import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peftdiff.diffusion import UndefinedScore, class_distances


def brute_force(values, vectors, labels, time, root):
    """Explicit loops over classes, samples and pairs of classes."""

    def squared(x, y):
        return sum(
            abs(value) ** (2 * time) * (a - b) ** 2
            for value, a, b in zip(values, x, y, strict=True)
        )

    means = {c: vectors[labels == c].mean(axis=0) for c in np.unique(labels)}
    intra = np.mean(
        [
            np.mean([squared(x, m) for x in vectors[labels == c]])
            for c, m in means.items()
        ]
    )
    pairs = [squared(a, b) for a, b in itertools.combinations(means.values(), 2)]
    return intra, np.mean(np.sqrt(pairs) if root else pairs)


@settings(max_examples=60)
@given(
    st.integers(0, 10_000),
    st.integers(2, 30),
    st.integers(1, 6),
    st.floats(0.1, 20),
    st.booleans(),
)
def test_against_loops_over_classes_and_pairs(seed, n, components, time, root):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, n)
    labels[:2] = [0, 1]
    vectors = rng.normal(size=(n, components))
    values = rng.uniform(-1, 1, components)
    expected = brute_force(values, vectors, labels, time, root)
    found = class_distances(
        values, vectors, labels, time, "root" if root else "squared"
    )
    assert found == pytest.approx(expected, rel=1e-10)


def test_two_classes_on_a_line():
    found = class_distances([0.5], [[0.0], [2.0], [10.0], [10.0]], [0, 0, 1, 1], 1)
    # Spread 1 and 0 around the means 1 and 10, all times 0.5^2.
    assert found == pytest.approx((0.25 * 0.5, 0.25 * 81))
    root = class_distances(
        [0.5], [[0.0], [2.0], [10.0], [10.0]], [0, 0, 1, 1], 1, inter="root"
    )
    assert root == pytest.approx((0.25 * 0.5, 0.5 * 9))


def test_a_class_of_one_sample_is_tight():
    intra, _ = class_distances([1.0], [[0.0], [2.0], [7.0]], ["a", "a", "b"], 3)
    assert intra == pytest.approx(0.5)  # the mean of 1 and 0


def test_small_distances_keep_their_digits():
    # Around a far-away mean, sums of squares would have lost them.
    rng = np.random.default_rng(0)
    labels = np.arange(20) % 2
    vectors = rng.normal(size=(20, 3))
    base = class_distances(np.ones(3), vectors, labels, 1)
    shifted = class_distances(np.ones(3), vectors + 1e6, labels, 1)
    assert shifted == pytest.approx(base, rel=1e-9)


@pytest.mark.parametrize("time", [0, -1, np.nan, np.inf, "ten"])
def test_bad_time(time):
    with pytest.raises(ValueError, match="diffusion_time must be a number above 0"):
        class_distances([1.0], [[0.0], [1.0]], [0, 1], time)


@pytest.mark.parametrize(
    ("values", "vectors", "labels", "message"),
    [
        ([1.0, 0.5], [[0.0], [1.0]], [0, 1], r"eigenvalues have the shape \(2,\)"),
        ([np.nan], [[0.0], [1.0]], [0, 1], "eigenvalues contain a value"),
        ([1.0], [[0.0], [np.nan]], [0, 1], "eigenvectors contain NaN at row 1"),
        ([1.0], [[0.0], [1.0]], [0, 0], "one class only"),
        ([1.0], [[0.0], [1.0]], [0], "labels name 1 samples but eigenvectors have 2"),
    ],
)
def test_bad_input(values, vectors, labels, message):
    with pytest.raises(ValueError, match=message):
        class_distances(values, vectors, labels, 1)


def test_unknown_inter():
    with pytest.raises(ValueError, match="inter must be one of squared, root"):
        class_distances([1.0], [[0.0], [1.0]], [0, 1], 1, "cubed")


def test_powers_of_eigenvalues_that_overflow_are_undefined():
    vectors, labels = np.eye(4)[:, :2], [0, 0, 1, 1]
    with pytest.raises(UndefinedScore, match="lower diffusion_time"):
        class_distances([1.05, 1.0], vectors, labels, 1e5)
    intra, inter = class_distances([1.0, 0.9], vectors, labels, 1e5)
    assert np.isfinite([intra, inter]).all()

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from peftdiff.metrics import compute
from peftdiff.metrics.linear_probe import PENALTIES
from peftdiff.metrics.validity import SaturatedScore


def refitted(features, labels):
    """Both criteria from n explicit refits for each penalty, by normal equations."""
    n, d = features.shape
    design = np.column_stack([np.ones(n), features])
    targets = (labels[:, None] == np.unique(labels)).astype(float)
    centered = features - features.mean(axis=0)
    largest = np.linalg.svd(centered, compute_uv=False)[0] ** 2
    smallest = np.inf
    for penalty in PENALTIES * largest:
        predicted = np.empty_like(targets)
        for i in range(n):
            rest = design[np.arange(n) != i]
            normal = rest.T @ rest + penalty * np.diag([0.0] + [1.0] * d)
            right = rest.T @ np.delete(targets, i, axis=0)
            predicted[i] = design[i] @ np.linalg.solve(normal, right)
        error = np.sum((targets - predicted) ** 2)
        if error < smallest:
            smallest, best = error, predicted
    means = (targets.sum(axis=0) - targets) / (n - 1)
    explained = 1 - smallest / np.sum((targets - means) ** 2)
    return np.mean(best.argmax(axis=1) == targets.argmax(axis=1)), explained


def dataset(n, d, n_classes=3, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    centers = rng.normal(size=(n_classes, d))
    return noise * rng.normal(size=(n, d)) + centers[labels] + 5, labels


CASES = [(40, 5, 3, 1.0), (40, 5, 2, 3.0), (30, 60, 3, 3.0), (20, 20, 4, 2.0)]


@pytest.mark.parametrize(("n", "d", "n_classes", "noise"), CASES)
def test_against_explicit_refits(n, d, n_classes, noise):
    features, labels = dataset(n, d, n_classes, noise)
    accuracy, explained = refitted(features, labels)
    assert 0.2 < accuracy < 1
    assert compute("linear_probe", features, labels) == pytest.approx(accuracy)
    found = compute("linear_probe", features, labels, criterion="squared_error")
    assert found == pytest.approx(explained, rel=1e-8)


def test_rank_below_both_sizes():
    features, labels = dataset(30, 3)
    wide = features @ np.random.default_rng(1).normal(size=(3, 50))
    accuracy, explained = refitted(wide, labels)
    assert compute("linear_probe", wide, labels) == pytest.approx(accuracy)
    found = compute("linear_probe", wide, labels, criterion="squared_error")
    assert found == pytest.approx(explained, rel=1e-8)


def test_best_penalty_lies_inside_the_grid():
    # Noise must be shrunk almost away, a clean line hardly at all.
    features, labels = dataset(60, 8, noise=1e3)
    explained = compute("linear_probe", features, labels, criterion="squared_error")
    assert -0.05 < explained < 0.2
    line = np.arange(40.0)[:, None]
    halves = (np.arange(40) >= 20).astype(int)
    assert compute("linear_probe", line, halves) >= 0.95


@pytest.mark.parametrize(("n", "d"), [(300, 20), (60, 200)])
def test_random_labels_are_not_predicted(n, d):
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(n, d)), rng.permutation(np.arange(n) % 3)
    assert compute("linear_probe", features, labels) < 0.5
    explained = compute("linear_probe", features, labels, criterion="squared_error")
    assert explained < 0.1


@pytest.mark.parametrize(("n", "d"), [(90, 5), (40, 80)])
def test_separate_classes_are_all_predicted(n, d):
    features, labels = dataset(n, d, noise=1e-3)
    assert compute("linear_probe", features, labels) == 1
    explained = compute("linear_probe", features, labels, criterion="squared_error")
    assert explained > 0.999


def test_equal_rows_predict_the_largest_class():
    labels = np.array([0] * 3 + [1] * 5)
    with pytest.warns(SaturatedScore, match="features are constant"):
        assert compute("linear_probe", np.full((8, 3), 0.1), labels) == 5 / 8
    with pytest.warns(SaturatedScore):
        explained = compute(
            "linear_probe", np.zeros((8, 3)), labels, criterion="squared_error"
        )
    assert explained == 0


def test_classes_with_equal_predictions_share_the_decision():
    # The first sample stands alone; without it, both other classes have half of it.
    labels = np.array([0, 1, 1, 2, 2])
    with pytest.warns(SaturatedScore):
        found = compute("linear_probe", np.ones((5, 2)), labels)
    # Each of the others is told 1/4 for its own class and 2/4 for the other one.
    assert found == 0
    labels = np.array([0, 0, 0, 1, 1])
    with pytest.warns(SaturatedScore):
        found = compute("linear_probe", np.ones((5, 2)), labels)
    # A sample of the larger class sees a tie of 2 to 2.
    assert found == pytest.approx(3 / 2 / 5)


def test_the_only_sample_of_its_class_is_missed():
    features = np.random.default_rng(0).normal(size=(9, 4))
    with pytest.warns(SaturatedScore, match="a class of its own"):
        assert compute("linear_probe", features, np.arange(9)) == 0


@settings(max_examples=15)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(50, 6), (25, 40)]),
    st.sampled_from([1e-150, 1e-3, 7.0, 1e150]),
)
@example(43, (25, 40), 1e-3)  # the smallest penalty fits all but 1e-6
def test_scale_rotation_order_and_names_do_not_matter(seed, size, scale):
    rng = np.random.default_rng(seed)
    features, labels = dataset(*size, noise=2.0, seed=seed)
    expected = compute("linear_probe", features, labels, criterion="squared_error")
    order = rng.permutation(len(labels))
    rotation = ortho_group.rvs(size[1], random_state=seed)
    changed = (scale * features @ rotation)[order]
    renamed = np.array(["b", "c", "a"])[labels[order]]
    found = compute("linear_probe", changed, renamed, criterion="squared_error")
    assert found == pytest.approx(expected, rel=1e-9)


def test_shift_does_not_matter():
    features, labels = dataset(50, 6)
    expected = compute("linear_probe", features, labels, criterion="squared_error")
    found = compute("linear_probe", features + 100, labels, criterion="squared_error")
    assert found == pytest.approx(expected, rel=1e-9)


def test_two_samples_are_told_from_each_other_alone():
    with pytest.warns(SaturatedScore):
        assert compute("linear_probe", [[0.0], [1.0]], [0, 1]) == 0


def test_unknown_criterion():
    with pytest.raises(ValueError, match="criterion must be one of accuracy"):
        compute("linear_probe", *dataset(20, 3), criterion="magic")

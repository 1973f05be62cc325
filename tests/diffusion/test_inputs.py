import numpy as np
import pytest

from peftdiff.diffusion.inputs import (
    check_choice,
    check_count,
    check_dataset,
    check_positive,
    drop_small_classes,
)

FEATURES = np.arange(12.0).reshape(4, 3)
LABELS = np.array([0, 1, 1, 0])


def with_value(value, row=2):
    features = FEATURES.copy()
    features[row, 1] = value
    return features


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (with_value(np.nan), LABELS, "features contain NaN at row 2; drop or repair"),
        (with_value(-np.inf), LABELS, "features contain an infinite value at row 2"),
        (FEATURES[0], LABELS, r"features must have the shape .* got \(3,\)"),
        (FEATURES[None], LABELS, r"got \(1, 4, 3\)"),
        (FEATURES[:0], LABELS[:0], r"features are empty: shape \(0, 3\)"),
        (FEATURES[:, :0], LABELS, r"features are empty: shape \(4, 0\)"),
        (FEATURES.astype(str), LABELS, "features must be real numbers, got dtype <U"),
        (FEATURES * 1j, LABELS, "features must be real numbers, got dtype complex"),
        ([[None, 1.0]], ["a"], "features must be real numbers, got dtype object"),
        (FEATURES, LABELS[:3], "labels name 3 samples but features have 4 rows"),
        (FEATURES, LABELS[:, None], r"labels must have the shape .* got \(4, 1\)"),
        (FEATURES, [0, 1, np.nan, 1], "whole numbers, got nan at 2"),
        (FEATURES, [0, 1, np.inf, 1], "whole numbers, got inf at 2"),
        (FEATURES, [0, 1, 1.5, 1], "whole numbers, got 1.5 at 2"),
        (FEATURES, np.array(["a", None, "b", "b"]), "whole numbers, got None at 1"),
        (FEATURES, LABELS * 1j, "class names or whole numbers, got dtype complex"),
        (FEATURES, [7, 7, 7, 7], r"labels name one class only \(7\)"),
        (FEATURES[:1], [7], "one class only"),
    ],
)
def test_bad_input_is_one_clear_sentence(features, labels, message):
    with pytest.raises(ValueError, match=message):
        check_dataset(features, labels)


def test_the_argument_is_named():
    with pytest.raises(ValueError, match="eigenvectors contain NaN at row 0"):
        check_dataset(with_value(np.nan, 0), LABELS, "eigenvectors")


@pytest.mark.parametrize(
    "labels",
    [
        [5, -3, -3, 5],
        [5.0, 1.0, 1.0, 5.0],
        ["dog", "cat", "cat", "dog"],
        np.array(["dog", "cat", "cat", "dog"], dtype=object),
        np.array([7, 2, 2, 7], dtype=object),
        [True, False, False, True],
        np.array([9, 3, 3, 9], dtype=np.uint8),
    ],
)
def test_labels_become_codes(labels):
    _, codes, n_classes = check_dataset(FEATURES, labels)
    assert codes.tolist() == [1, 0, 0, 1]
    assert codes.dtype == np.int64
    assert n_classes == 2


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int32, bool])
def test_features_become_float64(dtype):
    features = check_dataset(FEATURES.astype(dtype)[:, ::-1], LABELS).features
    assert features.dtype == np.float64
    assert features.flags.c_contiguous
    assert np.array_equal(features, FEATURES.astype(dtype)[:, ::-1])


def test_single_features_may_stay_single(tmp_path):
    single = FEATURES.astype(np.float32)
    np.save(tmp_path / "features.npy", single)
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    kept = check_dataset(mapped, LABELS, keep_single=True).features
    assert kept.dtype == np.float32
    assert np.shares_memory(kept, mapped)
    assert np.array_equal(kept, single)
    for other in (FEATURES, FEATURES.astype(np.float16), FEATURES.astype(int)):
        kept = check_dataset(other, LABELS, keep_single=True).features
        assert kept.dtype == np.float64


def test_a_bad_value_is_found_in_any_block(monkeypatch):
    monkeypatch.setattr("peftdiff.diffusion.inputs.BLOCK_CELLS", 6)
    for row in range(4):
        with pytest.raises(ValueError, match=f"features contain NaN at row {row}"):
            check_dataset(with_value(np.nan, row), LABELS)


def test_small_classes_are_dropped_and_the_others_renumbered():
    dataset = check_dataset(np.arange(12.0)[:, None], list("abbbccdddddd"))
    kept = drop_small_classes(dataset, 3)
    assert kept.features[:, 0].tolist() == [1, 2, 3, 6, 7, 8, 9, 10, 11]
    assert kept.codes.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert kept.n_classes == 2
    with pytest.raises(ValueError, match="min_class_size=4"):
        drop_small_classes(dataset, 4)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.5, "size must be a whole number, got 1.5"),
        ("3", "size must be a whole number, got '3'"),
        (True, "size must be a whole number, got True"),
        (1, "size must be at least 2, got 1"),
        (9, "size is 9 but there are only 8 samples"),
    ],
)
def test_counts(value, message):
    with pytest.raises(ValueError, match=message):
        check_count("size", value, 2, 8)
    assert check_count("size", np.int32(8), 2, 8) == 8


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, "1", None, True])
def test_positive_numbers(value):
    with pytest.raises(ValueError, match="time must be a number above 0, got"):
        check_positive("time", value)
    assert check_positive("time", np.float32(0.5)) == 0.5


def test_choices():
    with pytest.raises(ValueError, match="inter must be one of a, b; got 'c'"):
        check_choice("inter", "c", ("a", "b"))

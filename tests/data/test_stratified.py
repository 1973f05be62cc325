"""Of every class its share trains and tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.data.files import ImageFiles
from peftdiff.data.stratified import Sizes, allocate, draw_split, split_task
from peftdiff.runtime import UserError

SIZES = Sizes(train=1000, test=2000, test_share=0.2)


def files_of(counts, order=None):
    rows = [(f"{c}/{i:04d}.png", c) for c, n in enumerate(counts) for i in range(n)]
    rows = rows if order is None else [rows[i] for i in order]
    names, labels = zip(*rows, strict=True)
    return ImageFiles("folder", names, labels)


def split(counts, sizes=SIZES, seed=0, groups=None, order=None):
    files = files_of(counts, order)
    groups = np.arange(len(files.names)) if groups is None else np.array(groups)
    classes = [f"class {c}" for c in range(len(counts))]
    return split_task(files, classes, groups, sizes, seed)


def counts(part, classes):
    return np.bincount(part.labels, minlength=classes)


@given(
    st.lists(st.integers(2, 60), min_size=2, max_size=12),
    st.integers(12, 400),
    st.integers(12, 400),
    st.floats(0, 0.9),
    st.integers(0, 3),
)
def test_every_class_trains_and_tests(sizes, train, test, share, seed):
    parts = split(sizes, Sizes(train, test, share), seed)
    taken = counts(parts["train"], len(sizes)), counts(parts["test"], len(sizes))
    assert min(map(min, taken)) >= 1
    assert (sum(taken) <= sizes).all()
    assert not set(parts["train"].names) & set(parts["test"].names)
    total = sum(sizes)
    for code, size in enumerate(sizes):  # no class is off its share by more than one
        for part in taken:
            ideal = sum(part) * size / total
            assert abs(part[code] - ideal) < 1 + len(sizes) or part[code] == 1
    assert sum(map(sum, taken)) == total or sum(taken[0]) == train


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([30, 30], (48, 12)),  # a fifth is set aside first
        ([1500, 1500], (1000, 2000)),
        ([600, 600], (960, 240)),
        ([2] * 397, (397, 397)),
        ([10, 10], (16, 4)),
    ],
)
def test_a_task_takes_what_it_has(sizes, expected):
    parts = split(sizes)
    assert (len(parts["train"].labels), len(parts["test"].labels)) == expected


def test_neither_the_order_of_the_listing_nor_anything_but_the_seed_matters():
    order = np.random.default_rng(0).permutation(90)
    one = split([50, 40])
    other = split([50, 40], order=order)
    assert one["train"].names == other["train"].names
    assert one["test"].names == other["test"].names
    assert split([50, 40], seed=1)["train"].names != one["train"].names


@given(
    st.lists(st.integers(2, 40), min_size=2, max_size=6), st.integers(1, 5), st.data()
)
def test_copies_stay_on_one_side(sizes, kinds, data):
    total = sum(sizes)
    groups = data.draw(st.lists(st.integers(0, total), min_size=total, max_size=total))
    try:
        parts = split(sizes, groups=groups)
    except UserError:
        return  # a class of copies alone
    group = dict(zip(files_of(sizes).names, groups, strict=True))
    sides = [{group[name] for name in part.names} for part in parts.values()]
    assert not sides[0] & sides[1]


def test_the_held_out_fifth_has_its_share_of_every_class():
    parts = split([400, 200, 50], Sizes(500, 100, 0.2))
    held_out = counts(ImageFiles("", (), parts["train"].labels[-100:]), 3)
    assert np.abs(held_out - 100 * np.array([400, 200, 50]) / 650).max() <= 2


@pytest.mark.parametrize(
    ("sizes", "bounds", "sentence"),
    [
        ([5, 1], SIZES, "fewer than two images, .* of class 1,"),
        (
            [9, 9, 9],
            Sizes(2, 9, 0.2),
            "'data.train_images' is 2, fewer than the 3 classes",
        ),
        (
            [9, 9, 9],
            Sizes(9, 2, 0.2),
            "'data.test_images' is 2, fewer than the 3 classes",
        ),
    ],
)
def test_a_class_that_cannot_be_split_is_named(sizes, bounds, sentence):
    with pytest.raises(UserError, match=sentence):
        split(sizes, bounds)


def test_of_a_users_own_split_every_class_is_drawn():
    drawn = draw_split(files_of([100, 10, 1]), 22, 0)
    assert counts(drawn, 3).tolist() == [19, 2, 1]
    assert len(draw_split(files_of([3, 2]), 22, 0).names) == 5


@given(
    st.integers(0, 200), st.lists(st.integers(0, 30), min_size=1, max_size=9), st.data()
)
def test_shares_are_whole_bounded_and_near_their_ideal(total, weights, data):
    weights = np.array(weights)
    high = np.array([data.draw(st.integers(0, int(w))) for w in weights])
    shares = allocate(total, weights, high)
    assert (shares <= high).all()
    assert (shares >= np.minimum(1, high)).all()
    least = np.minimum(1, high).sum()
    assert shares.sum() == min(max(total, least), high.sum())

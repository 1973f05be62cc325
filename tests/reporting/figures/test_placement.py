import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.reporting.figures.placement import place_boxes

LOW, HIGH = np.zeros(2), np.array([100.0, 80.0])


def overlap(centers, sizes):
    return any(
        (np.abs(centers[i] - centers[j]) < (sizes[i] + sizes[j]) / 2 - 1e-9).all()
        for i, j in itertools.combinations(range(len(centers)), 2)
    )


def test_boxes_that_do_not_touch_stay_on_their_anchors():
    anchors = np.array([[20.0, 20], [60, 20], [20, 60]])
    sizes = np.full((3, 2), 10.0)
    np.testing.assert_allclose(place_boxes(anchors, sizes, LOW, HIGH), anchors)


def test_second_box_moves_just_out_of_the_way():
    anchors = np.array([[50.0, 40], [50, 40]])
    sizes = np.array([[20.0, 6], [20, 6]])
    centers = place_boxes(anchors, sizes, LOW, HIGH)
    np.testing.assert_allclose(centers[0], [50, 40])
    assert np.abs(centers[1] - [50, 40]) == pytest.approx([0, 6])


@given(
    anchors=st.lists(
        st.tuples(st.floats(-20, 120), st.floats(-20, 100)), min_size=1, max_size=16
    )
)
def test_no_overlap_and_none_outside(anchors):
    sizes = np.tile([14.0, 5.0], (len(anchors), 1))
    centers = place_boxes(np.array(anchors), sizes, LOW, HIGH)
    assert not overlap(centers, sizes)
    assert (centers - sizes / 2 >= LOW - 1e-9).all()
    assert (centers + sizes / 2 <= HIGH + 1e-9).all()


def test_box_without_room_stays_on_its_anchor():
    anchors = np.array([[50.0, 40], [51, 41]])
    sizes = np.tile([90.0, 70.0], (2, 1))
    np.testing.assert_allclose(place_boxes(anchors, sizes, LOW, HIGH), anchors)


def test_box_larger_than_the_area_stays_on_its_anchor():
    anchors = np.array([[50.0, 40]])
    centers = place_boxes(anchors, np.array([[300.0, 5]]), LOW, HIGH)
    np.testing.assert_allclose(centers, anchors)

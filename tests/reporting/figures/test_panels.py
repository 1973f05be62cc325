import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.reporting.figures import panels

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("sizes", "columns", "rows"),
    [
        ([2, 2, 2], 2, 3),
        ([2, 2, 4], 4, 2),
        ([7, 4, 8], 4, 5),
        ([1, 1, 1], 3, 1),
        ([1], 1, 1),
    ],
)
def test_the_usual_numbers_of_tasks(sizes, columns, rows):
    assert panels.best_columns(sizes) == columns
    assert panels.arrange(sizes, columns)[-1][0] + 1 == rows


def test_group_that_does_not_fit_starts_a_row():
    assert panels.arrange([2, 2], 3) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert panels.arrange([1, 2], 3) == [(0, 0), (0, 1), (0, 2)]
    assert panels.arrange([1, 4], 3) == [(0, 0), (1, 0), (1, 1), (1, 2), (2, 0)]


@given(sizes=SIZES, columns=st.integers(1, 5))
def test_cells_are_distinct_in_order_and_within_the_columns(sizes, columns):
    cells = panels.arrange(sizes, columns)
    assert len(cells) == sum(sizes)
    assert cells == sorted(set(cells))
    assert all(0 <= column < columns for _, column in cells)


@given(sizes=SIZES)
def test_no_other_number_of_columns_leaves_fewer_cells_empty(sizes):
    def cells(columns):
        return (panels.arrange(sizes, columns)[-1][0] + 1) * columns

    best = panels.best_columns(sizes)
    assert 1 <= best <= 4
    if sum(sizes) >= 4:
        assert cells(best) == min(map(cells, (2, 3, 4)))

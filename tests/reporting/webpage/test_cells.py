import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.reporting.webpage.cells import (
    BEST,
    SECOND,
    Cell,
    Column,
    Row,
    Table,
    counted,
    duration,
    interval,
    letter,
    listed,
    number,
    numeric,
    ordinal,
    p_value,
    places,
    points,
    word,
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (number(-0.074), "−0.07"),
        (number(-0.001), "0.00"),
        (number(12345.6, 0), "12,346"),
        (number(math.nan), ""),
        (p_value(0.0002), "< 0.001"),
        (p_value(0.05), "0.050"),
        (interval(-0.5, 0.25), "−0.50 to 0.25"),
        (interval(math.nan, 0.2), ""),
        (duration(4.04), "4.0 seconds"),
        (duration(90), "90 seconds"),
        (duration(300), "5.0 minutes"),
        (duration(3120), "52 minutes"),
        (duration(9000), "2.5 hours"),
        (counted(1, "task"), "1 task"),
        (counted(3, "metric"), "3 metrics"),
        (listed([]), ""),
        (listed(["a"]), "a"),
        (listed("abc", "or"), "a, b or c"),
        (points(1.0), "1.0 point"),
        (points(0.96), "1.0 point"),
        (points(2.25), "2.2 points"),
    ],
)
def test_numbers_as_people_write_them(found, expected):
    assert found == expected


def test_places_in_words():
    wanted = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th"}
    wanted |= {13: "13th", 21: "21st", 102: "102nd", 111: "111th"}
    assert {place: ordinal(place) for place in wanted} == wanted


def test_letters_go_on_behind_z():
    assert [letter(n) for n in (0, 25, 26, 51, 52)] == ["a", "z", "aa", "az", "ba"]


@given(st.dictionaries(st.integers(), st.integers(-50, 50).map(float), max_size=9))
def test_the_best_two_of_numbers(values):
    found, distinct = places(values), sorted(set(values.values()))
    if len(distinct) < 2:
        assert found == {}
        return
    for key, value in values.items():
        expected = {distinct[-1]: BEST, distinct[-2]: SECOND}.get(value)
        assert found.get(key) == expected
    # The best of all is the worst of all turned around.
    turned = places({key: -value for key, value in values.items()}, highest=False)
    assert turned == found


def test_undefined_numbers_and_rounding_take_no_place():
    values = {"a": 0.3, "b": 0.1 + 0.2, "c": 0.1, "d": math.nan}
    assert places(values) == {"a": BEST, "b": BEST, "c": SECOND}
    assert places({"a": 1.0, "b": math.nan}) == {}


def test_a_cell_says_why_it_is_empty():
    assert numeric(math.nan, note="saturated") == Cell("", None, note="saturated")
    assert numeric(None).note == "undefined"
    assert numeric(-1.5) == Cell("−1.50", -1.5)
    assert word("LoRA") == Cell("LoRA", "lora")
    assert word(math.nan) == Cell("", None)


def test_a_table_gathers_notes_and_groups():
    columns = [Column("x"), Column("a", "one"), Column("b", "one"), Column("c", "two")]
    cells = [word("row"), numeric(1), numeric(None), numeric(None, note="lost")]
    table = Table("t", "", columns, [Row(cells), Row(cells)])
    assert table.spans == [("one", 2), ("two", 1)]
    assert table.grouped
    assert table.footnotes == {"undefined": "a", "lost": "b"}
    assert [table.is_words(place) for place in range(4)] == [True, False, False, False]
    assert not Table("t", "", columns[:1], []).grouped

import math

import pytest

from peftdiff.reporting.text import (
    counted,
    duration,
    interval,
    listed,
    number,
    ordinal,
    p_equals,
    p_value,
    part_of,
    percent,
    points,
    three_digits,
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
        (p_equals(0.0002), "p\u00a0<\u00a00.001"),
        (p_equals(0.05), "p\u00a0=\u00a00.050"),
        (percent(1 / 3), "33\u00a0%"),
        (three_digits(24.81), "24.8"),
        (three_digits(25), "25.0"),
        (three_digits(8.479), "8.48"),
        (three_digits(1234.5), "1,234"),
        (three_digits(0.00683), "0.00683"),
        (three_digits(0), "0"),
        (three_digits(math.nan), ""),
        (interval(-0.5, 0.25), "−0.50 to 0.25"),
        (interval(math.nan, 0.2), ""),
        (duration(0.004), "less than a tenth of a second"),
        (duration(4.04), "4.0 seconds"),
        (duration(90), "90 seconds"),
        (duration(300), "5.0 minutes"),
        (duration(3120), "52 minutes"),
        (duration(9000), "2.5 hours"),
        (counted(1, "task"), "1 task"),
        (counted(3, "metric"), "3 metrics"),
        (part_of(7, 8, "task"), "7 of 8 tasks"),
        (part_of(1.0, 1, "task"), "1 task"),
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

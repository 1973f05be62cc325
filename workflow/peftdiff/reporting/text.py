"""Numbers and lists as people write them."""

from __future__ import annotations

import math
from collections.abc import Iterable


def number(value: float, decimals: int = 2) -> str:
    """Return a number with a typographic minus sign; nothing for a NaN."""
    if math.isnan(value):
        return ""
    # Adding zero turns the -0.0 that rounding may leave into 0.0.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def percent(share: float, decimals: int = 0) -> str:
    """Return a share as "33 %", with a space that does not break."""
    return f"{number(100 * share, decimals)}\u00a0%"


def accuracy(value: float) -> str:
    """Return an accuracy as "83.2 %"; one too small for that as "0.05 %"."""
    shown = number(value, 1) if value >= 0.1 or value == 0 else f"{value:.1g}"
    return f"{shown}\u00a0%"


def p_value(value: float) -> str:
    """Return a p-value; one that rounds to nothing is "< 0.001"."""
    return "< 0.001" if value < 0.001 else number(value, 3)


def p_equals(value: float) -> str:
    """Return "p = 0.050" or "p < 0.001", with spaces that do not break."""
    shown = p_value(value)
    relation = shown if shown.startswith("<") else f"= {shown}"
    return f"p {relation}".replace(" ", "\u00a0")


def interval(low: float, high: float, decimals: int = 2) -> str:
    """Return the ends of an interval; nothing where it is not known."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def three_digits(value: float) -> str:
    """Return a number in three digits, as figures and pages quote times."""
    if math.isnan(value):
        return ""
    if value <= 0:
        return number(value, 0)
    return number(value, max(0, 2 - math.floor(math.log10(value))))


def duration(seconds: float) -> str:
    """Return a time in the unit that people would use."""
    if math.isnan(seconds):
        return ""
    if seconds < 0.05:
        return "less than a tenth of a second"
    if seconds < 120:
        return f"{number(seconds, 0 if seconds >= 10 else 1)} seconds"
    if seconds < 2 * 3600:
        return f"{number(seconds / 60, 0 if seconds >= 600 else 1)} minutes"
    return f"{number(seconds / 3600, 1)} hours"


def counted(count: float, one: str, many: str = "") -> str:
    """Return "1 task" or "5 tasks"."""
    return f"{count:.0f} {one if count == 1 else many or one + 's'}"


def part_of(count: float, total: int, one: str) -> str:
    """Return "8 tasks", or "7 of 8 tasks" where some are missing."""
    whole = counted(total, one)
    return whole if int(count) == total else f"{count:.0f} of {whole}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Return "a", "a and b", or "a, b and c"."""
    *first, end = list(names) or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def points(value: float) -> str:
    """Return "1.0 point" or "2.3 points" of accuracy."""
    shown = number(value, 1)
    return f"{shown} point{'' if shown == '1.0' else 's'}"


def ordinal(place: int) -> str:
    """Return "1st", "2nd" and so on."""
    teens = place % 100 in (11, 12, 13)
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def capitalized(sentence: str) -> str:
    """Return a sentence that begins with a large letter."""
    return sentence[:1].upper() + sentence[1:]

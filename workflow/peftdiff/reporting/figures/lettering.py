"""Users' names, of classes above all, as a figure can show them.

Whoever draws one says that it is no mathematics (`parse_math=False`). Characters that
the usual font lacks are drawn from another font of the machine, or written as escapes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.ft2font import FT2Font

from peftdiff.reporting.figures import style

LONGEST = 40  # characters of a name
# Fonts of formulas, and one that draws every character as a box.
UNFIT = ("Last Resort", "STIX", "cm", "DejaVu Math", "DejaVu Sans Display")
COLORED = ("Color", "Emoji One", "Twemoji")  # which matplotlib cannot draw


def legible(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return names that can be drawn, and the font families that this takes.

    A name is brought into one line and shortened; a character that no font has is
    written as an escape, as in a program.
    """
    lines = [_in_one_line(name) for name in names]
    families = [style.RC["font.family"]]
    lacking = {ord(c) for line in lines for c in line} - _characters(_path(families[0]))
    for font in _others() if lacking else ():
        if found := lacking & _characters(font.fname):
            families.append(font.name)
            lacking -= found
    escaped = {code: ascii(chr(code))[1:-1] for code in lacking}
    return [line.translate(escaped) for line in lines], families


def _in_one_line(name: str) -> str:
    words = " ".join(name.split())
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _path(family: str) -> str:
    return str(fontManager.findfont(family))


def _others() -> Iterable[FontEntry]:
    """Return the upright fonts of the machine in an order of their own."""
    upright = {
        font.name: font
        for font in sorted(fontManager.ttflist, key=lambda font: str(font.fname))
        if font.style == "normal" and font.weight in (400, "normal", "regular")
    }
    return (
        upright[name]
        for name in sorted(upright)
        if not name.startswith(UNFIT) and not any(word in name for word in COLORED)
    )


@functools.cache
def _characters(path: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):  # a file that is no font for matplotlib
        return frozenset()

"""Names of classes are drawn as text, whatever they hold."""

import os

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font

from peftdiff.reporting.figures import contact_sheet, diffusion_map, lettering, style

ODD = [
    *("$a$ $b$", "$\\frac{", "100 %_^\\", "caf\u00e9", "\u4e2d\u6587", "\U0001f600"),
    *(
        "\u0634\u062c\u0631",
        "a\nb\tc",
        "x" * 300,
        os.fsdecode(b"\xe9"),
        "\x1b[31mred",
        "",
    ),
]


def drawn(tmp_path, figure):
    paths = [str(tmp_path / f"figure.{kind}") for kind in ("png", "svg")]
    style.save(figure, paths)
    return figure


def texts(figure):
    return [text for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def test_any_name_is_drawn_as_text(tmp_path):
    labels = np.repeat(np.arange(len(ODD)), 2)
    images = np.zeros((len(labels), 8, 8, 3), np.uint8)
    sheet = drawn(tmp_path, contact_sheet.draw(images, labels, ODD, "digits"))
    points = np.random.default_rng(0).normal(size=(len(labels), 2))
    chart = diffusion_map.draw_panels({"Backbone": points}, labels, ODD)
    for figure in (sheet, drawn(tmp_path, chart)):
        shown = texts(figure)
        assert any("$a$ $b$" in text.get_text() for text in shown)
        named = [text for text in shown if "$a$" in text.get_text()]
        assert not any(text.get_parse_math() for text in named)
        assert max(len(text.get_text()) for text in shown) < 100


@given(st.lists(st.text(max_size=60), max_size=5))
def test_every_character_of_a_legible_name_has_a_glyph(names):
    legible, families = lettering.legible(names)
    glyphs = set()
    for family in families:
        glyphs |= set(FT2Font(fontManager.findfont(family)).get_charmap())
    assert {ord(c) for name in legible for c in name} <= glyphs
    assert len(legible) == len(names)


def test_usual_names_stay_as_they_are():
    names = ["cat", "Golden Retriever", "caf\u00e9", "$5", "\u0436\u0443\u043a"]
    assert lettering.legible(names) == (names, ["DejaVu Sans"])


def test_another_font_of_the_machine_is_taken_where_it_has_the_character(monkeypatch):
    has = {"usual": {ord("a")}, "other": {ord("\u4e2d")}}
    paths = {style.RC["font.family"]: "usual"}
    monkeypatch.setattr(lettering, "_path", paths.get)
    monkeypatch.setattr(lettering, "_characters", lambda path: frozenset(has[path]))
    font = type("Font", (), {"name": "Other", "fname": "other"})
    monkeypatch.setattr(lettering, "_others", lambda: [font])
    assert lettering.legible(["a\u4e2d\u6587"]) == (
        ["a\u4e2d\\u6587"],
        ["DejaVu Sans", "Other"],
    )


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", " a  b "])
def test_a_name_is_one_line(name):
    assert lettering.legible([name])[0] == ["a b"]

import math

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from peftdiff.reporting.webpage.tables import (
    BEST,
    SECOND,
    Cell,
    Column,
    best_two,
    decimals,
    letter,
    make_table,
)


def test_letters_go_on_behind_z():
    assert [letter(n) for n in (0, 25, 26, 51, 52)] == ["a", "z", "aa", "az", "ba"]


@given(st.dictionaries(st.integers(), st.integers(-50, 50).map(float), max_size=9))
def test_the_best_two_of_numbers(values):
    found, distinct = best_two(values), sorted(set(values.values()))
    if len(distinct) < 2:
        assert found == {}
        return
    for key, value in values.items():
        expected = {distinct[-1]: BEST, distinct[-2]: SECOND}.get(value)
        assert found.get(key) == expected
    # The best of all is the worst of all turned around.
    turned = best_two({key: -value for key, value in values.items()}, highest=False)
    assert turned == found


def test_undefined_numbers_and_rounding_take_no_place():
    values = {"a": 0.3, "b": 0.1 + 0.2, "c": 0.1, "d": math.nan}
    assert best_two(values) == {"a": BEST, "b": BEST, "c": SECOND}
    assert best_two({"a": 1.0, "b": math.nan}) == {}


def test_cells_show_what_the_frame_holds():
    frame = pd.DataFrame({"name": ["LoRA", None], "tau": [-1.5, np.nan]})
    columns = [Column("name", "Name"), Column("tau", "Tau", missing="saturated")]
    table = make_table("t", frame, columns)
    assert [list(row.cells) for row in table.rows] == [
        [Cell("LoRA", "lora"), Cell("\u22121.50", -1.5)],
        [Cell("", None), Cell("", None, note="saturated")],
    ]


def test_a_column_writes_its_values_in_its_own_way():
    frame = pd.DataFrame({"name": ["lora"], "share": [0.25], "seeds": [2]})
    columns = [
        Column("name", "Name", str.upper),
        Column("share", "Share", lambda share: f"{100 * share:g} %"),
        Column("seeds", "Seeds", decimals(0)),
    ]
    (row,) = make_table("t", frame, columns).rows
    assert [cell.text for cell in row.cells] == ["LORA", "25 %", "2"]
    assert [cell.value for cell in row.cells] == ["lora", 0.25, 2.0]


def test_rows_that_do_not_compete_are_not_marked():
    frame = pd.DataFrame({"tau": [0.1, 0.9, 0.5, 0.3]}, index=["a", "static", "b", "c"])
    frame.insert(0, "name", frame.index)
    kinds = {"static": "baseline"}
    columns = [Column("name", ""), Column("tau", "", best="highest")]
    table = make_table("t", frame, columns, kinds=kinds)
    assert [row.cells[1].mark for row in table.rows] == ["", "", BEST, SECOND]
    assert [row.kind for row in table.rows] == ["", "baseline", "", ""]
    columns[1] = Column("tau", "", best="lowest")
    table = make_table("t", frame, columns, kinds=kinds)
    assert [row.cells[1].mark for row in table.rows] == [BEST, "", "", SECOND]


def test_a_table_gathers_notes_and_groups():
    columns = [
        Column("x", "x"),
        *(
            Column(key, key, group=above)
            for key, above in zip("abc", "112", strict=True)
        ),
    ]
    frame = pd.DataFrame({"x": "row", "a": 1.0, "b": None, "c": None}, index=[0, 1])
    notes = {(0, "b"): "undefined", (0, "c"): "lost", (1, "c"): "lost"}
    table = make_table("t", frame, columns, notes=notes)
    assert table.spans == [("1", 2), ("2", 1)]
    assert table.grouped
    assert table.footnotes == {"undefined": "a", "lost": "b"}
    assert [table.is_words(place) for place in range(4)] == [True, False, False, False]
    assert not make_table("t", frame, columns[:1]).grouped

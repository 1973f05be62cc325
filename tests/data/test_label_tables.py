"""Tasks of one's own, from a CSV file."""

import pytest
from PIL import Image

from peftdiff.data.folders import read_own_task
from peftdiff.data.label_tables import read_label_table
from peftdiff.data.splits import WHOLE
from peftdiff.runtime import UserError


@pytest.fixture
def table(tmp_path):
    for name in ("a.png", "b.png", "sub/c, d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    return tmp_path / "pets.csv"


ROWS = [("a.png", "cat"), ("b.png", "dog"), ("sub/c, d.png", "cat")]


def pairs(table):
    return [(row.path, row.label) for row in read_label_table(table)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "head", [("path", "label"), ("Path", "Label"), (" FILENAME ", "Class"), None]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_separators_heads_and_encodings_are_told(table, delimiter, head, encoding):
    rows = ([head] if head else []) + [
        (f'"{path}"', f" {label} ") for path, label in ROWS
    ]
    text = "".join(delimiter.join(row) + "\r\n" for row in rows)
    table.write_bytes(text.encode(encoding))
    assert pairs(table) == ROWS
    found = read_own_task(table)
    assert found.classes == ("cat", "dog")
    assert list(found.splits[WHOLE].labels) == [0, 1, 0]


def test_labels_of_other_alphabets_are_read(table):
    table.write_bytes("path;label\na.png;Käfer\nb.png;Löwe\n".encode("latin-1"))
    assert {label for _, label in pairs(table)} == {"Käfer", "Löwe"}


def test_further_columns_do_not_matter_and_labels_may_come_first(table):
    table.write_text("id,label,note,path\n1,cat,x,a.png\n2,dog,y,b.png\n")
    assert pairs(table) == ROWS[:2]
    table.write_text("cat,a.png\ndog,b.png\n")
    assert pairs(table) == ROWS[:2]


def test_a_table_is_taken_at_its_word(table):
    table.write_text('path,label\na.png,NA\nb.png,"a, ""b/c"""\nsub/c.png,007\n')
    assert [label for _, label in pairs(table)] == ["NA", 'a, "b/c"', "007"]


def test_a_column_of_splits_is_respected(table):
    table.write_text(
        "path,label,split\na.png,x,train\nb.png,y,Training\n"
        '"sub/c, d.png",x,val\na.png,y,test\n'
    )
    found = read_own_task(table)
    assert {name: list(part.labels) for name, part in found.splits.items()} == {
        **{"train": [0, 1], "val": [0], "test": [1]}
    }


def test_windows_paths_and_absolute_ones_are_found(table):
    other = table.parent / "a.png"
    table.write_text(f'path,label\n"sub\\c, d.png",x\n{other},y\n')
    assert list(read_own_task(table).splits[WHOLE].names) == [
        "sub/c, d.png",
        str(other),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("path,label\n", "lists no images"),
        (
            "where,what\nx,y\n",
            "no columns path and label: its first line holds where, what",
        ),
        ("path,label\na.png,x\nb.png,\n", "line 3 of .* lacks a path or a label"),
        ('path,label\n\n"a\nb",x\n,y\n', "line 5 of .* lacks a path or a label"),
        (
            "path,label\na.png,x\nc.png,y\nd.png,y\n",
            "lists 2 files not there: c.png, d.png",
        ),
        ("path,label\na.png,x\nb.png,x\n", "of 1 class;"),
        ("path,label,split\na.png,x,train\nb.png,y,tset\n", "line 3 .* split 'tset'"),
    ],
)
def test_a_table_that_is_wrong_is_a_sentence_that_keeps_it(table, text, sentence):
    table.write_text(text)
    with pytest.raises(UserError, match=sentence) as raised:
        read_own_task(table)
    assert "delete" not in str(raised.value)


@pytest.mark.parametrize("content", ["image", b"PK\x03\x04\x14\x00\x06\x00"])
def test_a_photo_or_a_workbook_is_no_table(table, content):
    photo = table.with_suffix(".png")
    if content == "image":
        Image.new("RGB", (4, 4)).save(photo)
    else:
        photo.write_bytes(content)
    with pytest.raises(UserError, match="is no text; give a folder of class folders"):
        read_own_task(photo)

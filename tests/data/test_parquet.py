"""Labels and images of Parquet files, as `datasets` writes them and otherwise."""

import io

import pyarrow as pa
import pytest
from pyarrow import parquet

from peftdiff.data.parquet import read_images, read_labels
from peftdiff.runtime import UserError
from tests.helpers.shards import NAMES, encode, noted, picture

IMAGES = [picture(number) for number in range(30)]
LABELS = [number % 3 for number in range(30)]


def written(tmp_path, content):
    path = tmp_path / "train.parquet"
    path.write_bytes(content)
    return path


def one_column(tmp_path, values, metadata=None):
    table = pa.table({"label": values}).replace_schema_metadata(metadata)
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    return written(tmp_path, stream.getvalue())


def test_labels_have_the_names_that_the_schema_gives_them(tmp_path):
    path = written(tmp_path, encode(LABELS, IMAGES))
    labels, names = read_labels(path, "label")
    assert names == NAMES
    assert labels == [NAMES[label] for label in LABELS]


def test_names_that_are_the_same_are_told_apart(tmp_path):
    path = written(tmp_path, encode(LABELS, IMAGES, names=("crane", "pug", "crane")))
    labels, names = read_labels(path, "label")
    assert names == ("crane (0)", "pug", "crane (2)")
    assert labels[:3] == list(names)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([3, 0, 3], ["3", "0", "3"]),
        (["b", "a/c", "NA"], ["b", "a/c", "NA"]),
        (pa.array(["b", "a", "b"]).dictionary_encode(), ["b", "a", "b"]),
        (pa.array(["b", "a"], pa.large_string()), ["b", "a"]),
    ],
)
def test_labels_without_names_are_text(tmp_path, values, labels):
    assert read_labels(one_column(tmp_path, values), "label") == (labels, None)
    others = [{}, noted({}), noted({"label": [{"_type": "ClassLabel"}]})]
    for metadata in (*others, noted({"label": {"_type": "Value"}}), {b"a": b"b"}):
        path = one_column(tmp_path, values, metadata)
        assert read_labels(path, "label") == (labels, None)


@pytest.mark.parametrize(
    ("values", "names", "sentence"),
    [
        (
            [0, 1, None],
            None,
            "row 2 of .*train.parquet has the label None, which is no",
        ),
        ([0, -1, 1], NAMES, "row 1 of .* has the label -1, which is no class; correct"),
        (
            [0, 1, 3],
            NAMES,
            "row 2 of .* has the label 3, .* leave the file out in 'sou",
        ),
        ([0.5, 1.0], None, "holds neither integers nor text; correct config key 'sour"),
        ([[0], [1, 2]], None, "holds neither integers nor text"),
    ],
)
def test_labels_that_are_none_are_a_sentence(tmp_path, values, names, sentence):
    features = {"label": {"_type": "ClassLabel", "names": names}}
    path = one_column(tmp_path, values, noted(features) if names else None)
    with pytest.raises(UserError, match=sentence):
        read_labels(path, "label")


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize(
    "rows", [[], [0], [29], [6, 7, 13, 14], [20, 3, 11], range(30)]
)
def test_images_are_the_bytes_of_their_rows(tmp_path, pairs, rows):
    path = written(tmp_path, encode(LABELS, IMAGES, pairs=pairs))
    found = list(read_images(path, "image", rows))
    assert found == [(row, IMAGES[row]) for row in sorted(rows)]


def test_only_the_row_groups_that_are_asked_for_are_read(tmp_path):
    content = bytearray(encode(LABELS, IMAGES))
    group = parquet.ParquetFile(io.BytesIO(content)).metadata.row_group(2)
    chunk = group.column(0)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content[start : start + chunk.total_compressed_size] = bytes(
        chunk.total_compressed_size
    )
    path = written(tmp_path, content)
    rows = [0, 13, 21, 29]  # beside rows 14 to 20
    assert [row for row, _ in read_images(path, "image", rows)] == rows
    with pytest.raises(UserError, match=r"is no whole Parquet file .* or delete .*par"):
        list(read_images(path, "image", [15]))


LINK = {"bytes": None, "path": "elsewhere.jpg"}


@pytest.mark.parametrize(
    ("pairs", "gap"),
    [(True, None), (True, b""), (True, LINK), (False, None), (False, b"")],
)
def test_a_row_without_an_image_is_named_if_it_is_asked_for(tmp_path, pairs, gap):
    images = [*IMAGES[:9], gap, *IMAGES[10:]]
    path = written(tmp_path, encode(LABELS, images, pairs=pairs))
    assert len(list(read_images(path, "image", [8, 10]))) == 2
    with pytest.raises(UserError, match=r"row 9 of .*parquet has no image in the colu"):
        list(read_images(path, "image", [8, 9, 10]))


def test_a_file_that_is_cut_off_is_a_sentence(tmp_path):
    content = encode(LABELS, IMAGES)
    for damaged in (content[:-100], content[:2], b""):
        path = written(tmp_path, damaged)
        with pytest.raises(UserError, match="parquet is no whole Parquet file"):
            read_labels(path, "label")

import errno
import json
import mmap
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file

from peftdiff import records
from peftdiff.runtime import UserError, one_sentence

ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.uint8]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements={"min_value": 0, "max_value": 100},
)


@given(st.dictionaries(st.text("abc/", min_size=1), ARRAYS, max_size=4))
def test_arrays_come_back_and_the_safetensors_library_reads_them(
    tmp_path_factory, arrays
):
    path = tmp_path_factory.mktemp("arrays") / "a.safetensors"
    records.write_arrays(path, arrays, {"task": "digits"})
    ours, theirs = records.read_arrays(path), load_file(path)
    assert set(ours) == set(theirs) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(ours[name], array)
        np.testing.assert_array_equal(theirs[name], array)
        assert ours[name].dtype == array.dtype
    assert records.read_metadata(path) == {"task": "digits"}


ODD = (
    "null nan NaN NA N/A n/a None none inf -inf true True false 1e5 007 01 1.0 - <NA>"
    " #N/A 0x10 1_0"
)
NAMES = st.sampled_from(ODD.split()) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6
)


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(records.tables.NAMES))
def test_names_come_back_as_they_are_and_an_empty_cell_has_no_value(
    tmp_path_factory, names, column
):
    path = tmp_path_factory.mktemp("tables") / "a.csv"
    written = pd.DataFrame({column: names, "score": [0.5] * len(names), "note": None})
    records.write_table(path, written.assign(score=[np.nan, *written["score"][1:]]))
    found = records.read_table(path)
    assert list(found[column]) == names
    assert found["score"].isna().tolist() == [True] + [False] * (len(names) - 1)
    assert found["score"].dtype == np.float64
    assert found["note"].isna().all()


def test_streamed_arrays_are_filled_in_place(tmp_path):
    path = tmp_path / "e.safetensors"
    shapes = {"x": ((4, 2), "float32"), "y": ((4,), "int64")}
    with records.streaming_arrays(path, shapes, {}) as arrays:
        for row in range(4):
            arrays["x"][row] = row
        arrays["y"][:] = 7
        assert not path.exists()
    read = records.read_arrays(path, ["x"])
    assert list(read) == ["x"]
    np.testing.assert_array_equal(read["x"], np.arange(4)[:, None] * np.ones(2))


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "e.safetensors"
    records.write_arrays(path, {"x": np.zeros(3)}, {"version": "old"})
    with (
        pytest.raises(RuntimeError, match="half way"),
        records.streaming_arrays(path, {"x": ((9,), "float64")}, {}),
    ):
        raise RuntimeError("half way")
    assert os.listdir(tmp_path) == ["e.safetensors"]
    assert records.read_metadata(path) == {"version": "old"}


def test_a_full_disk_is_one_sentence_that_names_the_result(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    path = tmp_path / "e.safetensors"
    with pytest.raises(OSError, match="No space left") as caught:
        records.write_arrays(path, {"x": np.zeros(3)}, {})
    assert os.listdir(tmp_path) == []
    assert one_sentence(caught.value) == (
        f"{path}: no space left on device; free or repair that path and start again"
    )


@pytest.mark.parametrize("code", [errno.ENODEV, errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_may_neither_map_nor_reserve(tmp_path, monkeypatch, code):
    def unable(*_args, **_kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(mmap, "mmap", unable)
    monkeypatch.setattr(os, "posix_fallocate", unable)
    path = tmp_path / "e.safetensors"
    with records.streaming_arrays(path, {"x": ((3, 2), "float32")}, {}) as arrays:
        arrays["x"][:] = np.arange(6).reshape(3, 2)
    np.testing.assert_array_equal(load_file(path)["x"], np.arange(6).reshape(3, 2))
    read = records.read_arrays(path)["x"]
    np.testing.assert_array_equal(read, np.arange(6).reshape(3, 2))
    assert not read.flags.writeable


def test_a_failing_map_is_an_error(tmp_path, monkeypatch):
    records.write_arrays(tmp_path / "e.safetensors", {"x": np.zeros(3)}, {})

    def failing(*_args, **_kwargs):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(mmap, "mmap", failing)
    with pytest.raises(OSError, match="Input/output"):
        records.read_arrays(tmp_path / "e.safetensors")


def test_all_arrays_of_a_file_are_one_open_file(tmp_path):
    path = tmp_path / "e.safetensors"
    shapes = {f"tensor {n}": ((2,), "float32") for n in range(1000)}
    before = len(os.listdir("/proc/self/fd"))
    with records.streaming_arrays(path, shapes, {}) as arrays:
        assert len(os.listdir("/proc/self/fd")) == before + 1
    del arrays
    read = records.read_arrays(path)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    last = read.pop("tensor 999")  # it alone keeps the map
    del read
    assert len(os.listdir("/proc/self/fd")) == before + 1
    assert list(last) == [0, 0]
    del last
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("folder", ["there", "not there"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch, folder):
    def refused(path, *_args, **_kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / "there").mkdir()
    monkeypatch.setattr(records.files.Path, "touch", refused)
    with pytest.raises(PermissionError) as caught:
        records.write_text(tmp_path / folder / "t.csv", "x")
    assert caught.value.filename == str(tmp_path / folder / "t.csv")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "results").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="results"):
        records.write_text(tmp_path / "results" / "t.csv", "x")


@pytest.mark.parametrize("length", [0, 3, 60, -1])
def test_a_cut_off_file_is_named(tmp_path, length):
    path = tmp_path / "w.safetensors"
    records.write_arrays(path, {"x": np.arange(10.0)}, {})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match=r"w\.safetensors is cut off"):
        records.read_arrays(path)


def test_other_bytes_and_missing_files_and_arrays_are_named(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(UserError, match=r"w\.safetensors is missing"):
        records.read_arrays(path)
    path.write_bytes(b"<html>not a tensor in sight</html>")
    with pytest.raises(UserError, match="not a safetensors file"):
        records.read_arrays(path)
    records.write_arrays(path, {"x": np.zeros(2)}, {})
    with pytest.raises(UserError, match="holds no 'lora/0'"):
        records.read_arrays(path, ["lora/0"])


def test_tables_come_back(tmp_path):
    table = pd.DataFrame(
        {"task": ["digits", "land"], "seed": [0, 1], "score": [0.1, float("nan")]}
    )
    path = tmp_path / "tables" / "scores.csv"
    records.write_table(path, table)
    pd.testing.assert_frame_equal(records.read_table(path, ["task"]), table)
    assert len(records.read_tables([str(path), str(path)])) == 4


def test_broken_tables_are_named(tmp_path):
    path = tmp_path / "scores.csv"
    with pytest.raises(UserError, match=r"scores.csv is missing"):
        records.read_table(path)
    path.write_text("")
    with pytest.raises(UserError, match=r"scores.csv is not a readable table"):
        records.read_table(path)
    path.write_text("task\ndigits\n")
    with pytest.raises(UserError, match=r"scores.csv lacks the columns score, seed"):
        records.read_table(path, ["task", "score", "seed"])


def test_json_comes_back_or_is_named(tmp_path):
    path = tmp_path / "p.json"
    records.write_json(path, {"a": [1, 2]})
    assert records.read_json(path) == {"a": [1, 2]}
    path.write_text('{"a": ')
    with pytest.raises(UserError, match=r"p.json is not readable JSON"):
        records.read_json(path)
    with pytest.raises(UserError, match=r"q.json is missing"):
        records.read_json(tmp_path / "q.json")


def test_results_have_the_mode_that_the_umask_allows(tmp_path):
    before = os.umask(0o022)
    try:
        records.write_json(tmp_path / "p.json", json.loads("1"))
    finally:
        os.umask(before)
    assert (tmp_path / "p.json").stat().st_mode & 0o777 == 0o644

"""What arrives in an archive is unpacked whole, or refused in a sentence."""

import shutil
import stat
import zipfile
from collections import namedtuple

import pytest

from peftdiff.data import archives
from peftdiff.data.archives import require_space, unpack
from peftdiff.runtime import UserError

PLENTY = 10**9


@pytest.fixture
def archive(tmp_path):
    """Return a function that makes an archive of entries (name or ZipInfo, content)."""

    def make(*entries):
        path = tmp_path / "archive.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in entries:
                opened.writestr(name, content)
        return path

    return make


def link(name, target="/etc/passwd"):
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry, target


def refused(path, folder, sentence, most_bytes=PLENTY):
    with pytest.raises(UserError, match=sentence) as caught:
        unpack(path, folder, most_bytes=most_bytes)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert list(folder.parent.glob("tasks*")) == []


def test_a_sound_archive_is_unpacked(archive, tmp_path):
    path = archive(("a/b.txt", "one"), ("a/empty/", ""), ("c.txt", "two"))
    unpack(path, tmp_path / "deep/tasks", most_bytes=6)
    folder = tmp_path / "deep/tasks"
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))
    assert names == ["a", "a/b.txt", "a/empty", "c.txt"]
    assert (folder / "a/b.txt").read_text() == "one"


def test_what_an_earlier_call_left_gives_way(archive, tmp_path):
    folder = tmp_path / "tasks"
    for old in (folder, tmp_path / "tasks.draft"):
        old.mkdir()
        (old / "old.txt").write_text("old")
    unpack(archive(("new.txt", "new")), folder, most_bytes=PLENTY)
    assert [p.name for p in folder.iterdir()] == ["new.txt"]
    assert not (tmp_path / "tasks.draft").exists()


@pytest.mark.parametrize(
    "name", ["../out.txt", "a/../../out.txt", "/out.txt", "..\\out.txt", "C:\\out.txt"]
)
def test_an_entry_that_leads_out_is_refused(archive, tmp_path, name):
    path = archive(("fine.txt", "x"), (name, "x"))
    refused(path, tmp_path / "tasks", "leads out of the folder; delete it")
    assert not (tmp_path / "out.txt").exists()


def test_links_are_refused(archive, tmp_path):
    path = archive(link("a"), ("a/b.txt", "x"))
    refused(path, tmp_path / "tasks", "entry 'a' is a link or a device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_occurs_twice_is_refused(archive, tmp_path):
    path = archive(("a.txt", "one"), ("a.txt", "two"))
    refused(path, tmp_path / "tasks", r"'a\.txt' occurs twice")


def test_an_encrypted_entry_is_refused(archive, tmp_path):
    path = archive(("a.txt", "x" * 50))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refused(path, tmp_path / "tasks", r"'a\.txt' is encrypted")


def test_a_bomb_is_refused_before_anything_is_written(archive, tmp_path):
    path = archive(("zeros", bytes(10**7)))
    assert path.stat().st_size < 20_000
    sentence = r"would unpack to 0\.01 GB, more than .* allows \(0\.001\)"
    refused(path, tmp_path / "tasks", sentence, most_bytes=10**6)


def test_a_bomb_that_understates_its_size_is_damaged(archive, tmp_path):
    path = archive(("zeros", bytes(10**6)))
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    for place in (22, central + 24):  # the size, in the entry and in the directory
        data[place : place + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    refused(path, tmp_path / "tasks", "is damaged", most_bytes=1000)


def test_a_tampered_entry_is_damaged(archive, tmp_path):
    path = archive(("a.txt", "first"), ("b.txt", "the words of the second"))
    data = bytearray(path.read_bytes())
    place = data.index(b"b.txt") + len("b.txt") + 4
    data[place] ^= 0xFF
    path.write_bytes(data)
    refused(path, tmp_path / "tasks", "is damaged .*delete it and start again")


@pytest.mark.parametrize("kept", [0, 10, -30])
def test_a_truncated_archive_is_cut_off(archive, tmp_path, kept):
    path = archive(("a.txt", "x" * 100))
    path.write_bytes(path.read_bytes()[:kept])
    refused(path, tmp_path / "tasks", "is cut off or no zip archive")


@pytest.mark.parametrize("page", ["<!DOCTYPE html><p>Log in", "\n <html>quota"])
def test_a_page_to_read_is_named(tmp_path, page):
    path = tmp_path / "archive.zip"
    path.write_text(page)
    refused(path, tmp_path / "tasks", "is an HTML page, not a zip archive")


def test_too_little_disk_is_said_before_anything_is_written(
    archive, tmp_path, monkeypatch
):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: usage(5 * 10**7))
    path = archive(("zeros", bytes(6 * 10**7)))
    sentence = r"unpacking .* needs 0\.06 GB, and .* has 0\.05 GB free"
    refused(path, tmp_path / "tasks", sentence)
    require_space(tmp_path / "not/yet/there", 5 * 10**7, "this")


def test_a_disk_that_fills_up_leaves_nothing(archive, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space left"):
        unpack(archive(("a.txt", "x")), tmp_path / "tasks", most_bytes=PLENTY)
    assert list(tmp_path.glob("tasks*")) == []

"""An archive from an address or the hub, and everything that goes wrong on the way."""

import json
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from peftdiff.data import archives
from peftdiff.data.downloads import PIECE, RETRIES, check_archive, fetch_archive
from peftdiff.runtime import UserError
from tests.helpers.project import ROOT
from tests.helpers.server import COMMIT, Served, serve

CONTENT = bytes(range(256)) * 4000
HUB = {"repository": "XiN0919/VTAB-1k", "file": "vtab-1k.zip", "revision": "main"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """No waiting between tries, and no proxy between this machine and itself."""
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def from_url(served, path):
    return fetch_archive(path, hub=None, url=f"{served.url}/vtab.zip")


def test_an_archive_is_downloaded_once(tmp_path):
    path = tmp_path / "downloads/vtab-1k.zip"
    with serve(Served(CONTENT)) as served:
        found, source = from_url(served, path)
        assert found == path
        assert path.read_bytes() == CONTENT
        assert source == {"kind": "url", "url": f"{served.url}/vtab.zip"}
        from_url(served, path)
    assert [method for method, *_ in served.asked] == ["GET"]
    assert [p.name for p in path.parent.iterdir()] == ["vtab-1k.zip"]


def test_a_download_that_breaks_off_goes_on_by_itself(tmp_path):
    cuts = [4 * PIECE + 1000, 3 * PIECE]
    with serve(Served(CONTENT, cuts=cuts)) as served:
        path, _ = from_url(served, tmp_path / "vtab-1k.zip")
    assert path.read_bytes() == CONTENT
    ranges = [wanted for *_, wanted in served.asked]
    assert ranges == [None, f"bytes={4 * PIECE}-", f"bytes={7 * PIECE}-"]


def test_what_has_come_is_kept_for_the_next_start(tmp_path):
    path = tmp_path / "vtab-1k.zip"
    with serve(Served(CONTENT, cuts=[2 * PIECE] * (RETRIES + 1))) as served:
        with pytest.raises(UserError, match=r"cannot be downloaded .* is kept in"):
            from_url(served, path)
        assert not path.exists()
        kept = (RETRIES + 1) * 2 * PIECE
        assert (tmp_path / "vtab-1k.zip.partial").stat().st_size == kept
        from_url(served, path)
    assert path.read_bytes() == CONTENT
    assert served.asked[-1][2] == f"bytes={kept}-"
    assert [p.name for p in tmp_path.iterdir()] == ["vtab-1k.zip"]


def test_pieces_of_two_versions_are_not_put_together(tmp_path):
    path = tmp_path / "vtab-1k.zip"
    with (
        serve(Served(b"old" + CONTENT, cuts=[PIECE] * (RETRIES + 1))) as served,
        pytest.raises(UserError),
    ):
        from_url(served, path)
    with serve(Served(CONTENT, etag='"another"')) as served:
        from_url(served, path)
    assert path.read_bytes() == CONTENT


def test_a_server_without_marks_is_asked_for_the_whole(tmp_path):
    with serve(Served(CONTENT, cuts=[2 * PIECE], etag="")) as served:
        path, _ = from_url(served, tmp_path / "vtab-1k.zip")
    assert path.read_bytes() == CONTENT
    assert [wanted for *_, wanted in served.asked] == [None, None]


def test_a_broken_link_is_a_sentence(tmp_path):
    with (
        serve(Served(b"")) as served,
        pytest.raises(UserError, match=r"/missing\.zip cannot be downloaded \(404"),
    ):
        fetch_archive(tmp_path / "a.zip", hub=None, url=f"{served.url}/missing.zip")
    with pytest.raises(UserError, match="cannot be downloaded"):  # nobody there now
        from_url(served, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_only_web_addresses_are_taken(tmp_path):
    with pytest.raises(UserError, match="must begin with http:// or https://"):
        fetch_archive(tmp_path / "a.zip", hub=None, url="/home/vtab.zip")


def test_too_little_disk_is_said_before_the_download(tmp_path, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: usage(1000))
    with (
        serve(Served(CONTENT)) as served,
        pytest.raises(UserError, match=r"downloading http.* needs 0\.00 GB, and"),
    ):
        from_url(served, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_wrong_checksum_is_refused_and_the_archive_kept(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(CONTENT)
    check_archive(path, "ab" * 32, None)
    check_archive(path, "ab" * 32, "AB" * 32)
    with pytest.raises(UserError, match=r"has the SHA-256 abab.*says cdcd.*delete"):
        check_archive(path, "ab" * 32, "cd" * 32)
    assert path.exists()


def test_no_source_at_all_is_said(tmp_path):
    with pytest.raises(UserError, match=r"'data\.vtab_url' are all empty"):
        fetch_archive(tmp_path / "a.zip", hub=None, url=None)


CALL = """
import json, sys
from peftdiff.data.downloads import fetch_archive
from peftdiff.runtime import job

with job():
    path, source = fetch_archive(sys.argv[1], hub=json.loads(sys.argv[2]),
                                 url=sys.argv[3] or None)
    print(json.dumps([str(path), source]))
"""


@pytest.fixture
def hub(tmp_path):
    """Return a function that fetches in a process of its own: the hub's library reads
    its settings when it is imported."""

    def fetch(endpoint, url="", **settings):
        environment = os.environ | {
            "PYTHONPATH": str(ROOT / "workflow"),
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_ETAG_TIMEOUT": "5",
            **settings,
        }
        arguments = [str(tmp_path / "vtab-1k.zip"), json.dumps(HUB), url]
        done = subprocess.run(
            [sys.executable, "-c", CALL, *arguments],
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            return None, done.stderr
        return json.loads(done.stdout)

    return fetch


def test_the_hub_is_asked_and_its_cache_serves_offline(hub):
    piece = 10 * 1024**2  # in which the library reads
    large = CONTENT * 12
    with serve(Served(large, cuts=[piece + 1000])) as served:  # it goes on by itself
        path, source = hub(served.url)
    assert Path(path).read_bytes() == large
    assert source == {
        **{"kind": "hub", "repository": HUB["repository"], "file": HUB["file"]},
        "revision": COMMIT,
    }
    asked = {path for _, path, _ in served.asked}
    assert asked == {"/datasets/XiN0919/VTAB-1k/resolve/main/vtab-1k.zip"}
    assert (served.asked[-1][0], served.asked[-1][2]) == ("GET", f"bytes={piece}-")
    assert hub(served.url, HF_HUB_OFFLINE="1") == [path, source]


def test_an_archive_of_the_hub_is_another_one_once_it_is_deleted(hub):
    with serve(Served(b"damaged")) as served:
        path, _ = hub(served.url)
        Path(path).unlink()  # as the sentence on a damaged archive advises
        served.content = CONTENT
        again, _ = hub(served.url)
    assert Path(again).read_bytes() == CONTENT


def test_a_hub_that_cannot_be_had_is_a_sentence_or_gives_way_to_the_address(hub):
    with serve(Served(CONTENT)) as served:
        nothing, printed = hub(f"{served.url}/missing")
        assert nothing is None
        path, source = hub(f"{served.url}/missing", url=f"{served.url}/vtab.zip")
    (sentence,) = [line for line in printed.splitlines() if line.startswith("Error: ")]
    assert (
        "vtab-1k.zip of the dataset XiN0919/VTAB-1k (revision main) cannot" in sentence
    )
    assert "check the network and config key 'data.vtab_hub'" in sentence
    assert Path(path).read_bytes() == CONTENT
    assert source["kind"] == "url"
    nothing, printed = hub(served.url, HF_HUB_OFFLINE="1")
    assert "cannot be had" in printed

"""Locks on files: held, waited for, and where there are none."""

import errno
import fcntl
import os

import pytest

from peftdiff.records.locks import UNABLE, NoLocksError, lock, open_to_lock


@pytest.fixture
def refuse(monkeypatch):
    """Return a function that lets every lock fail with an error number."""

    def with_code(code):
        def flock(file, how):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(fcntl, "flock", flock)

    return with_code


def test_a_lock_is_had_by_one_and_shared_by_several(tmp_path):
    with open_to_lock(tmp_path / "a") as one, open_to_lock(tmp_path / "a") as other:
        lock(one)
        with pytest.raises(BlockingIOError):
            lock(other, wait=False)
        lock(one, shared=True)
        lock(other, shared=True, wait=False)
        with pytest.raises(BlockingIOError):
            lock(other, wait=False)
    with open_to_lock(tmp_path / "a") as third:
        lock(third, wait=False)


def test_a_file_to_lock_is_made_and_never_emptied(tmp_path):
    (tmp_path / "a").write_text("kept")
    with open_to_lock(tmp_path / "a") as file:
        assert file.readable()  # which a shared lock needs on NFS
        assert file.writable()
    assert (tmp_path / "a").read_text() == "kept"


@pytest.mark.parametrize("code", UNABLE, ids=errno.errorcode.get)
def test_a_file_system_without_locks_is_told_apart(tmp_path, refuse, code):
    refuse(code)
    with open_to_lock(tmp_path / "a") as file, pytest.raises(NoLocksError):
        lock(file)


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.EBADF])
def test_any_other_error_names_the_file(tmp_path, refuse, code):
    refuse(code)
    with open_to_lock(tmp_path / "a") as file, pytest.raises(OSError) as caught:  # noqa: PT011
        lock(file, wait=False)
    assert not isinstance(caught.value, NoLocksError)
    assert caught.value.errno == code
    assert caught.value.filename == str(tmp_path / "a")

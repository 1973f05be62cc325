"""What is dear to make is made once, also where several processes test."""

import fcntl
import os
import shutil


def made_once(tmp_path_factory, name, make):
    """Return a folder that the first process to ask for it has filled by `make`.

    Whoever asks meanwhile waits. Nobody may change the folder afterwards.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / name, root / f"{name} is made"
    with open(root / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder

"""What a machine may withhold: space, permissions, files, memory, a steady clock."""

import contextlib
import os
import resource
import signal
import subprocess
from pathlib import Path

DAY = 86_400.0
ROOMY = "2g"


@contextlib.contextmanager
def small_disk(folder, size):
    """Make a folder a file system of its own; yield what gives it other options."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)

    def change(options):
        command = ["mount", "-o", f"remount,{options}", str(folder)]
        subprocess.run(command, check=True)

    try:
        yield change
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def few_files(count):
    """Return what limits a process, and all that it starts, to some open files."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def little_memory(gigabytes):
    """Return what limits the addresses of a process, and of each that it starts."""
    size = int(gigabytes * 2**30)
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))


def turn_clock(run, folders, days):
    """Turn the clock by some days, for all that is under way.

    The machine's clock is everybody's, so the files are dated the other way instead:
    what a process meets afterwards is what it meets after a turn of the clock.
    """
    family = run.family()
    for process in family:
        process.send_signal(signal.SIGSTOP)
    for folder in folders:
        for path in [folder, *folder.rglob("*")]:
            with contextlib.suppress(FileNotFoundError):
                times = path.stat(follow_symlinks=False)
                shifted = (times.st_atime - days * DAY, times.st_mtime - days * DAY)
                os.utime(path, shifted, follow_symlinks=False)
    for process in family:
        process.send_signal(signal.SIGCONT)

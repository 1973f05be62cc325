"""GPUs of one machine, shared out among jobs: who holds a slot's lock has its GPU.

The locks are the kernel's, on files of this machine: they are free again as soon as
their process has ended, however it ended.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from peftdiff.records.locks import (
    NoLocksError,
    lock,
    open_to_lock,
    warn_of_no_locks,
)

logger = logging.getLogger("peftdiff")

# How many jobs may use GPUs at a time. It is set where jobs are started on this
# machine, and not where a cluster gives each job GPUs of its own.
SLOTS = "PEFTDIFF_GPU_SLOTS"
VISIBLE = "CUDA_VISIBLE_DEVICES"

# The locked files of this process: open, and so locked, until it ends.
_held: list[IO[str]] = []


def reserve_gpu(folder: Path | None = None) -> str | None:
    """Let this process see one GPU that has a free slot, and return the GPU's name.

    To be called before torch looks for GPUs. The slot is this process's until it ends.
    Nothing is done, and None returned, where no slots are counted or no GPU is there.

    Parameters
    ----------
    folder
        Where the locks lie; by default one place for all workflows of this user.
    """
    gpus = visible_gpus()
    count = int(os.environ.get(SLOTS, "0"))
    if count < 1 or not gpus:
        return None
    folder = folder or Path(tempfile.gettempdir(), f"peftdiff-gpus-{os.getuid()}")
    gpu = take_slot(slots_of(gpus, count), folder)
    os.environ[VISIBLE] = gpu
    # This process, and those that it starts, have their GPU and look for no other.
    del os.environ[SLOTS]
    logger.info("on GPU %s", gpu)
    return gpu


def visible_gpus(devices: Path = Path("/dev")) -> list[str]:
    """Return the names of the GPUs that this process may use."""
    given = os.environ.get(VISIBLE)
    if given is not None:
        return [name.strip() for name in given.split(",") if name.strip()]
    return [str(index) for index, _ in enumerate(devices.glob("nvidia[0-9]*"))]


def slots_of(gpus: Sequence[str], count: int) -> list[tuple[str, int]]:
    """Return `count` slots, each a GPU and a number.

    A GPU has a second slot only where there are more slots than GPUs.
    """
    return [(gpus[slot % len(gpus)], slot // len(gpus)) for slot in range(count)]


def take_slot(
    slots: Sequence[tuple[str, int]], folder: Path, pause: float = 1.0
) -> str:
    """Lock the first free slot, as soon as there is one, and return its GPU.

    Where the file system knows no locks, any slot is taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting = False
    while True:
        for gpu, number in slots:
            try:
                if _lock(folder / f"{gpu.replace('/', '-')}.{number}.lock"):
                    return gpu
            except NoLocksError:
                warn_of_no_locks(folder, logger.warning)
                return slots[os.getpid() % len(slots)][0]
        if not waiting:
            logger.info("waiting for a GPU: all slots (%d) are taken", len(slots))
            waiting = True
        time.sleep(pause)


def _lock(path: Path) -> bool:
    file = open_to_lock(path)
    try:
        lock(file, wait=False)
    except OSError as error:
        file.close()
        if isinstance(error, BlockingIOError):
            return False
        raise
    _held.append(file)
    return True

"""What jobs need around their work: a log, errors of one sentence, a stopwatch."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

logger = logging.getLogger("peftdiff")

SHORT = 0.1  # seconds: what takes less is timed REPEATS times
REPEATS = 3
INTERRUPTED = 130  # the exit code of a process that Ctrl-C ended

# What to do where the system refuses something, by the number of its error.
REPAIR = "free or repair that path and start again"
MORE_FILES = "allow more of them (ulimit -n 4096) and start again"
MORE_ROOM = "make room, also in /dev/shm, which processes share, and start again"
REMEDIES = {
    errno.EMFILE: MORE_FILES,
    errno.ENFILE: MORE_FILES,
    errno.EROFS: "run from a folder that can be written",
    errno.EIO: "the disk, or the network to it, fails: repair it and start again",
    errno.EAGAIN: "let fewer jobs run at a time (--cores) and start again",
    errno.ENOMEM: "give the job more memory, or let fewer run at a time (--cores)",
}

Result = TypeVar("Result")


class UserError(ValueError):
    """One sentence for the user: what is wrong, where, and what to do."""


def digest(value: Any) -> str:
    """Return a short digest of a JSON-like value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@contextlib.contextmanager
def job(log: str | None = None) -> Iterator[None]:
    """Run a rule's work: its messages go to `log`, a failure ends in one sentence.

    The whole traceback of a failure stays in the log; the terminal is shown the
    sentence alone, and the process ends with exit code 1. Warnings of the library are
    shown there, too. Ctrl-C ends it quietly, with exit code 130.
    """
    with contextlib.ExitStack() as stack:
        stream = sys.stderr
        if log:
            # A new file, as a job that a killed workflow has left running may still
            # write to the old one. Line buffering lets a reader follow it.
            Path(log).unlink(missing_ok=True)
            stream = stack.enter_context(open(log, "w", buffering=1, encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(stream))
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        stack.callback(logger.removeHandler, handler)
        if log:
            # What a user should know is shown as well, by whatever called the job.
            aloud = logging.StreamHandler(sys.__stderr__)
            aloud.setLevel(logging.WARNING)
            logger.addHandler(aloud)
            stack.callback(logger.removeHandler, aloud)
        logging.captureWarnings(True)
        logging.getLogger("py.warnings").addHandler(handler)
        stack.callback(logging.getLogger("py.warnings").removeHandler, handler)
        try:
            yield
        except KeyboardInterrupt:
            logger.info("stopped; the same command goes on where it was")
            raise SystemExit(INTERRUPTED) from None
        except Exception as error:
            logger.exception("failed")
            expected = isinstance(error, ValueError | OSError | MemoryError)
            if not expected and not out_of_memory(error):
                raise  # a mistake of ours
            where = f" (log: {log})" if log else ""
            print(f"Error: {one_sentence(error)}{where}", file=sys.stderr)
            raise SystemExit(1) from None


def one_sentence(error: Exception) -> str:
    """Return an exception as a sentence, which names the file that is at fault."""
    if isinstance(error, MemoryError) or out_of_memory(error):
        if "CUDA" not in str(error):
            return "the job ran out of memory; give it more, or lower its batch size"
        reason = str(error).split("\n")[0].split(". GPU ")[0]
        return (
            f"the GPU ran out of memory ({reason}); lower the batch size in the"
            " configuration, or let fewer jobs share a GPU (--resources gpu=N)"
        )
    if isinstance(error, OSError) and error.strerror:
        remedy = REMEDIES.get(error.errno or 0)
        if error.filename is not None:
            reason = f"{error.filename}: {error.strerror.lower()}"
            return f"{reason}; {remedy or REPAIR}"
        if remedy or error.errno == errno.ENOSPC:
            return f"{error.strerror.lower()}; {remedy or MORE_ROOM}"
    return " ".join(str(error).split())


def out_of_memory(error: Exception) -> bool:
    """Return whether torch ran out of memory, on the CPU or on a GPU."""
    signs = ("out of memory", "can't allocate memory", "STATUS_ALLOC_FAILED")
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs)


class Stopwatch:
    """A clock that starts when it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def seconds(self) -> float:
        """Return the seconds that have passed."""
        return time.perf_counter() - self._start


def measure(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return what `work` returns and its seconds, the median of a few calls if short.

    There is no untimed call before: call `work` once for that. On a GPU `work` must
    wait for the end of its computations.
    """
    seconds: list[float] = []
    while not seconds or (seconds[0] < SHORT and len(seconds) < REPEATS):
        watch = Stopwatch()
        result = work()
        seconds.append(watch.seconds())
    return result, median(seconds)


def params_as_kwargs(params: Any) -> dict[str, Any]:
    """Return a rule's named parameters as arguments for its script's `main`.

    `version` is there to be noticed when it changes, and no argument.
    """
    return {name: value for name, value in params.items() if name != "version"}

"""Calls of the engine: its events as they come, and its end when a signal asks."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

from terminal.events import PIPE

Event = Mapping[str, Any]

PLUGIN = Path(__file__).with_name("events.py")
TICK = 1.0  # seconds after which a clock that is shown must go on
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked for the end; `code` is the exit code that says so."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def stop_on_signals() -> None:
    """Make signals raise `Stopped`, except those already ignored, as under nohup."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def call_engine(
    arguments: Sequence[str], show: Callable[[Event | None], None], output: BinaryIO
) -> int:
    """Run the engine to its end and return its exit code.

    Parameters
    ----------
    arguments
        Its command line.
    show
        Is given each event, and None when a second has passed without one.
    output
        Takes what the engine and its jobs print; no bar is torn by it.

    Raises
    ------
    Stopped
        After a signal, when the engine and its jobs have ended.
    """
    reading, writing = os.pipe()
    # A process group of its own: a signal of the terminal's reaches engine and jobs
    # once, through this process, and as well if this process alone was sent it.
    engine = subprocess.Popen(
        [sys.executable, str(PLUGIN), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=[writing],
        env={**os.environ, **_writable_cache(), PIPE: str(writing)},
        process_group=0,
    )
    os.close(writing)
    _pause_with(engine)
    try:
        for event in _read_events(reading):
            show(event)
        return engine.wait()
    except BaseException:
        _end(engine)
        raise
    finally:
        os.close(reading)


def _writable_cache() -> dict[str, str]:
    """Return a place for caches, for the engine needs one, where HOME has none."""
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK):
            return {}
    except (OSError, RuntimeError):  # there is no HOME, or it cannot be written
        pass
    return {"XDG_CACHE_HOME": os.path.abspath(".snakemake/cache")}


def _read_events(pipe: int) -> Iterator[Event | None]:
    """Yield events until the writer has ended, and None where a second brought none."""
    rest = b""
    while True:
        if not select.select([pipe], [], [], TICK)[0]:
            yield None
            continue
        data = os.read(pipe, 1 << 16)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from map(json.loads, lines)


def _end(engine: subprocess.Popen[bytes]) -> None:
    """End the engine and its jobs as Ctrl-C does; a second signal kills them."""
    number = signal.SIGINT
    while engine.poll() is None:
        try:
            os.killpg(engine.pid, number)
            engine.wait()
        except Stopped:
            number = signal.SIGKILL
        except ProcessLookupError:
            engine.wait()


def _pause_with(engine: subprocess.Popen[bytes]) -> None:
    """Let Ctrl-Z stop engine and jobs, too, and `fg` continue them."""

    def pause(number: int, frame: FrameType | None) -> None:
        os.killpg(engine.pid, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.killpg(engine.pid, signal.SIGCONT)

    if signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
        signal.signal(signal.SIGTSTP, pause)

"""What a run looks like on a terminal, and in a log file."""

from __future__ import annotations

import io
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TextIO

Event = Mapping[str, Any]

BAR = 24  # characters
SILENCE = 60  # minimum seconds between progress lines in a log file
CLEAR = "\r\x1b[K"

LOCKED = "another run works in this folder; let it end"


class Progress:
    """Shows the events of one run of the engine, and keeps what a failure is told from.

    A stage is a rule. Each that is finished has a line; on a terminal there is also a
    bar below, with the stages that are under way.

    Parameters
    ----------
    stream
        What is written to, if anything; control characters go to a terminal alone.
    name, note
        Of what is computed, and what else to say of it at the start.
    clock
        Seconds, from any start.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        name: str = "",
        note: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or io.StringIO()
        self._name, self._note = name, note
        self._live = self._stream.isatty()
        self._clock = clock
        self._start = self._last = clock()
        self._running: dict[int, Event] = {}
        self._done: Counter[str] = Counter()
        self.total: dict[str, int] = {}  # jobs of each rule
        self.begun: list[Event] = []  # jobs
        self.failed: dict[int, Event] = {}  # jobs, and not mended by another try
        self.errors: list[str] = []  # of the engine, in its words
        self.log_file = ""  # of the engine

    def show(self, event: Event | None) -> None:
        """Take an event, or none where time has passed."""
        if event is not None:
            show = getattr(self, f"_{event['event']}", None)
            if show is not None:
                show(event)
        self._draw()

    def say(self, text: str) -> None:
        """Write a line that stays."""
        print(f"{CLEAR if self._live else ''}{text}", file=self._stream, flush=True)
        self._last = self._clock()

    def clear(self) -> None:
        """Remove the bar."""
        if self._live:
            print(CLEAR, end="", file=self._stream, flush=True)

    @property
    def elapsed(self) -> str:
        """Return the time since the start, as 1:02 or 1:02:03."""
        minutes, seconds = divmod(int(self._clock() - self._start), 60)
        hours, minutes = divmod(minutes, 60)
        return (
            f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
        )

    def _run_info(self, event: Event) -> None:
        self.total = {r: n for r, n in event["stats"].items() if r != "total"}
        jobs = f"{self._jobs} job{'s' if self._jobs > 1 else ''}"
        self.say(f"{self._name}: {jobs}. {self._note}".rstrip())

    def _job_info(self, event: Event) -> None:
        self._running[event["jobid"]] = event
        self.begun.append(event)

    def _job_finished(self, event: Event) -> None:
        job = self._running.pop(event["job_id"], {})
        self.failed.pop(event["job_id"], None)
        rule = job.get("rule_name", "")
        self._done[rule] += 1
        count, total = self._done[rule], self.total.get(rule, 0)
        if "rule_msg" not in job:
            return  # a target, which does nothing itself
        if count == total:
            self.say(self._line(rule, f" ({total} jobs)" if total > 1 else ""))
        elif not self._live and self._clock() - self._last > SILENCE:
            self.say(self._line(rule, f" ({count} of {total} jobs)"))

    def _job_error(self, event: Event) -> None:
        job = self._running.pop(event["jobid"], event)
        self.failed[event["jobid"]] = job
        self.say(self._line(job["rule_name"], " has failed"))

    def _error(self, event: Event) -> None:
        locked = event.get("exception") == "LockException"
        self.errors.append(LOCKED if locked else plain(event["message"]))

    def _message(self, event: Event) -> None:
        text = event["message"]
        if text.startswith("Complete log(s): "):
            self.log_file = text.removeprefix("Complete log(s): ")
        elif event["level"] == "WARNING":
            self.say(f"Note: {text}")

    @property
    def _jobs(self) -> int:
        return sum(self.total.values())

    def _line(self, rule: str, jobs: str) -> str:
        """Return what is said of a stage: all jobs done, the time, the stage."""
        counted = f"{self._done.total():{len(str(self._jobs))}}/{self._jobs}"
        return f"[{counted}] {self.elapsed:>7}  {spoken(rule)}{jobs}"

    def _draw(self) -> None:
        """Write the bar over the one before."""
        if not self._live or not self._jobs:
            return
        done = self._done.total()
        running = dict.fromkeys(job["rule_name"] for job in self._running.values())
        stages = ", ".join(self._under_way(rule) for rule in running)
        line = (
            f"[{'#' * (BAR * done // self._jobs):.<{BAR}}] {done}/{self._jobs} jobs"
            f"  {self.elapsed}  {stages}"
        )
        width = shutil.get_terminal_size().columns - 1
        print(CLEAR + shortened(line, width), end="", file=self._stream, flush=True)

    def _under_way(self, rule: str) -> str:
        total = self.total.get(rule, 1)
        count = f" {self._done[rule]}/{total}" if total > 1 else ""
        return f"{spoken(rule)}{count}"


def spoken(rule: str) -> str:
    """Return a rule's name as words."""
    return rule.replace("_", " ")


def shortened(line: str, width: int) -> str:
    """Return a line that fits."""
    return line if len(line) <= width else f"{line[: width - 3]}..."


def plain(message: str) -> str:
    """Return the engine's message without the lines that say where it was raised."""
    lines = message.strip().splitlines()
    if len(lines) > 1 and re.fullmatch(r"\w+( in .*)?:", lines[0]):
        lines = lines[1:]
    return "\n".join(line for line in lines if not line.startswith('  File "'))

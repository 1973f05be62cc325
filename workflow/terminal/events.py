"""The engine's log as events: a logger plugin that writes them as lines of JSON.

Run as a script, this file is the engine with that plugin. Whoever reads the events
names the pipe's file descriptor in the environment variable `PIPE`.
"""

import contextlib
import json
import os
import select
import signal
import sys
from logging import LogRecord
from threading import Thread

from snakemake_interface_logger_plugins.base import LogHandlerBase

NAME = "events"
PIPE = "WORKFLOW_EVENTS"

# What a record holds, by event, as far as the terminal shows it.
FIELDS = (
    "exception",
    "job_id",
    "jobid",
    "jobs",
    "log",
    "rule_msg",
    "rule_name",
    "stats",
)


class LogHandler(LogHandlerBase):
    """Write every record to the pipe; the engine's own log file holds all the words."""

    # Else the engine would write its lines to the terminal, too.
    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: LogRecord) -> None:
        """Write one line."""
        event = {name: getattr(record, name, None) for name in FIELDS}
        event = {name: value for name, value in event.items() if value is not None}
        event["event"] = str(getattr(record, "event", None) or "message")
        event["level"] = record.levelname
        event["message"] = record.getMessage()
        line = json.dumps(event, default=str) + "\n"
        with contextlib.suppress(OSError):  # nobody reads any more: the end is near
            os.write(int(os.environ[PIPE]), line.encode())


def stop_with_the_reader(pipe: int) -> None:
    """End engine and jobs, as Ctrl-C does, when nobody reads the events any more.

    Whoever called the engine was killed then; its command is given again, and would
    find the folder locked by an engine that nobody watches.
    """
    poll = select.poll()
    poll.register(pipe, 0)  # an end without readers is told without being asked for
    poll.poll()
    os.killpg(0, signal.SIGINT)


if __name__ == "__main__":
    from snakemake.cli import main
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

    # This folder, which jobs would be handed, too; Python may have left it out.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if path != here]
    LoggerPluginRegistry().register_plugin(NAME, sys.modules[__name__])
    pipe = int(os.environ[PIPE])
    Thread(target=stop_with_the_reader, args=[pipe], daemon=True).start()
    main([*sys.argv[1:], "--logger", NAME])

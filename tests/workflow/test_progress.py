"""What is shown of a run, on a terminal and in a log file, from the engine's events."""

import io
import os

import pytest

from terminal.progress import Progress, plain

FINE_TUNE = {"event": "job_info", "rule_name": "fine_tune", "rule_msg": "Fine-tune"}


class Terminal(io.StringIO):
    """A stream that says that it is a terminal, as wide as it is told."""

    def isatty(self):
        return True


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self):
        return self.now


def a_run(progress, clock, *, jobs=3, seconds=20.0):
    """Show the events of a run of one stage, its jobs one after the other."""
    progress.show({"event": "run_info", "stats": {"fine_tune": jobs, "total": jobs}})
    for job in range(jobs):
        progress.show({**FINE_TUNE, "jobid": job})
        clock.now += seconds
        progress.show(None)
        progress.show({"event": "job_finished", "job_id": job})


def test_a_log_file_has_a_line_for_each_stage_and_no_control_characters():
    stream, clock = io.StringIO(), Clock()
    a_run(Progress(stream, "mini", clock=clock), clock)
    heading, stage = stream.getvalue().splitlines()
    assert heading.startswith("mini: 3 jobs.")
    assert stage == "[3/3]    1:00  fine tune (3 jobs)"
    assert stream.getvalue().replace("\n", "").isprintable()


def test_a_log_file_is_not_silent_during_a_long_stage():
    stream, clock = io.StringIO(), Clock()
    a_run(Progress(stream, "mini", clock=clock), clock, jobs=100, seconds=100.0)
    assert "[ 50/100] 1:23:20  fine tune (50 of 100 jobs)" in stream.getvalue()
    stream, clock = io.StringIO(), Clock()
    a_run(Progress(stream, "mini", clock=clock), clock, jobs=100, seconds=1.0)
    assert len(stream.getvalue().splitlines()) <= 4


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_bar_fits_the_terminal_and_is_gone_at_the_end(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, "mini", clock=clock)
    a_run(progress, clock)
    progress.clear()
    shown = [line.removeprefix("\x1b[K") for line in stream.getvalue().split("\r")]
    bars = [line for line in shown if "jobs  " in line or line.endswith("...")]
    assert bars
    assert all(len(bar) < columns for bar in bars)
    assert any("########" in bar for bar in bars)
    assert shown[-1] == ""


def test_a_warning_stays_and_an_ordinary_message_is_not_shown():
    stream = io.StringIO()
    progress = Progress(stream, "mini")
    for level in ("WARNING", "INFO"):
        said = f"of level {level}"
        progress.show({"event": "message", "level": level, "message": said})
    assert stream.getvalue().splitlines() == ["Note: of level WARNING"]


def test_a_job_that_succeeds_at_another_try_has_not_failed():
    progress = Progress()
    for job in (1, 2):
        progress.show({**FINE_TUNE, "jobid": job, "log": [f"{job}.log"]})
        error = {"event": "job_error", "rule_name": "fine_tune", "jobid": job}
        progress.show(error)
    progress.show({**FINE_TUNE, "jobid": 1})
    progress.show({"event": "job_finished", "job_id": 1})
    assert [job["log"] for job in progress.failed.values()] == [["2.log"]]


def test_where_an_error_was_raised_is_left_to_the_log():
    message = (
        'WorkflowError in file "/a b/startup.smk", line 156:\n'
        "config key 'tasks.0' is 'foo'; allowed: digits\n"
        '  File "/a b/startup.smk", line 156, in <module>'
    )
    assert plain(message) == "config key 'tasks.0' is 'foo'; allowed: digits"
    assert plain("one line:") == "one line:"


def test_a_closed_pipe_stops_no_work(monkeypatch):
    import logging

    from terminal.events import PIPE, LogHandler

    reading, writing = os.pipe()
    monkeypatch.setenv(PIPE, str(writing))
    handler = LogHandler(None, None)
    record = logging.LogRecord("x", logging.INFO, "x", 1, "said", None, None)
    handler.emit(record)
    assert b'"message": "said"' in os.read(reading, 1000)
    os.close(reading)
    handler.emit(record)
    os.close(writing)

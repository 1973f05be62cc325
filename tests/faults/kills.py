"""Commands that are killed at random moments, in every manner that users know."""

import contextlib
import os
import signal
import time

import psutil

JOB = ".snakemake/scripts/"


def power_off(run):
    """Kill every process at once, as a machine does that loses its power."""
    family = run.family()
    for process in family:
        _send(process, signal.SIGSTOP)  # so that none sees another one die
    for process in family:
        _send(process, signal.SIGKILL)


def kill_command(run):
    """Kill the group that the terminal knows: `make` and what it calls itself."""
    os.killpg(run.process.pid, signal.SIGKILL)


def kill_engine(run):
    """Kill the workflow engine alone."""
    _kill_first(run, lambda words: "terminal/events.py" in words and JOB not in words)


def kill_job(run):
    """Kill one job alone, as a machine does that is short of memory."""
    _kill_first(run, lambda words: JOB in words)


def terminate(run):
    """End the command's group as a batch system does."""
    os.killpg(run.process.pid, signal.SIGTERM)


def interrupt(run):
    """Press Ctrl-C."""
    os.killpg(run.process.pid, signal.SIGINT)


MANNERS = {
    "power off": power_off,
    "SIGKILL of the command": kill_command,
    "SIGKILL of the engine": kill_engine,
    "SIGKILL of a job": kill_job,
    "SIGTERM": terminate,
    "Ctrl-C": interrupt,
}


def wait_for_silence(experiment, seconds=60):
    """Wait until nothing runs in the experiment's folder; return whether it came."""
    end = time.monotonic() + seconds
    while experiment.strangers():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _kill_first(run, matches):
    for process in run.family():
        try:
            if matches(" ".join(process.cmdline())):
                _send(process, signal.SIGKILL)
                return
        except psutil.Error:
            continue


def _send(process, number):
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)

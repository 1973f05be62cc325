"""The experiment that is disturbed: `smoke` in a copy of the project, run by `make`."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import psutil

from tests.helpers.working_copy import Project, copy_of_the_project

MAKE = ["make", "--old-file", ".venv/ready", "EXPERIMENT=smoke", "CORES=2"]
TICK = 0.1  # seconds


@dataclass
class Run:
    """A command that runs, or ran, and what it has shown."""

    process: subprocess.Popen
    shown: str  # the path of what it printed

    def family(self):
        """Return the command's process and all that descend from it."""
        try:
            front = psutil.Process(self.process.pid)
            return [front, *front.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def wait(self, seconds=None):
        """Wait for the end, or for some seconds; return whether it has ended."""
        end = None if seconds is None else time.monotonic() + seconds
        while self.process.poll() is None:
            if end is not None and time.monotonic() > end:
                return False
            time.sleep(TICK)
        return True

    @property
    def text(self):
        """What the command has shown so far."""
        with open(self.shown, errors="replace") as file:
            return file.read()


class Experiment:
    """A copy of the project with the one command that everybody tries again."""

    def __init__(self, folder):
        self.project = Project(folder)
        if not folder.exists():
            self.project = copy_of_the_project(folder)
            (folder / ".venv").symlink_to(sys.prefix)
        self.root, self.live = folder, self.project.live
        self.commands = 0

    def start(self, limit=None):
        """Start the command; `limit` is called in its process before it begins."""
        self.commands += 1
        shown = str(self.root / f"shown_{self.commands}.txt")

        def prepare():
            # As on a terminal, even where the campaign runs in the background.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if limit:
                limit()

        with open(shown, "w") as file:
            process = subprocess.Popen(
                MAKE,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=prepare,
            )
        return Run(process, shown)

    def run(self, limit=None):
        """Run the command to its end."""
        started = self.start(limit)
        started.wait()
        return started

    def tables(self):
        """Return all tables' text, without what is measured in seconds."""
        return self.project.tables()

    def erase(self):
        """Forget all results, as if nothing had run."""
        shutil.rmtree(self.live, ignore_errors=True)
        shutil.rmtree(self.root / ".snakemake", ignore_errors=True)

    def strangers(self):
        """Return the processes that work in this folder still, whoever started them."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self.root) and process.pid != os.getpid():
                    found.append(process)
            except psutil.Error:
                continue
        return found

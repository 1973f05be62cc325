"""A copy of the project, and how to run it."""

import json
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from tests.helpers.engine import call
from tests.helpers.project import ROOT

LEFT_BEHIND = (".git", ".venv", ".uv", ".snakemake", "smoke", "mini", "mini_long")


@dataclass
class Project:
    """A working copy."""

    root: Path

    def arguments(self, *arguments, overlay=None):
        """Return the arguments of one call of the workflow engine."""
        files = ["configs/smoke.yaml"]
        if overlay is not None:
            (self.root / "overlay.yaml").write_text(yaml.safe_dump(overlay))
            files.append("overlay.yaml")
        return ["--configfile", *files, "--cores", "2", *arguments]

    def command(self, *arguments, overlay=None):
        """Return the command line of one call of the workflow engine."""
        engine = [sys.executable, "-m", "snakemake"]
        return [*engine, *self.arguments(*arguments, overlay=overlay)]

    def start(self, *arguments, overlay=None, log=os.devnull, open_files=None):
        """Start it as its user does; return the process.

        `open_files` limits how many each of its processes may have.
        """
        limit = (open_files, open_files)
        with open(self.root / log, "w") as printed:
            return subprocess.Popen(
                self.command(*arguments, overlay=overlay),
                cwd=self.root,
                stdout=printed,
                stderr=subprocess.STDOUT,
                preexec_fn=open_files
                and partial(resource.setrlimit, resource.RLIMIT_NOFILE, limit),
            )

    def run(self, *arguments, overlay=None, succeed=True):
        """Run it to its end; return what it printed."""
        code, text = call(self.root, *self.arguments(*arguments, overlay=overlay))
        assert (code == 0) == succeed, text
        return text

    @property
    def live(self):
        return self.root / "results" / "smoke"

    def runs(self):
        """Return the finished training runs and when each was written."""
        folders = (path for path in (self.live / "runs").iterdir() if path.is_dir())
        return {path.name: path.stat().st_mtime_ns for path in folders}

    def identity(self, run):
        """Return what makes a training run that run."""
        record = (self.live / "runs" / run / "run.json").read_text()
        return json.loads(record)["identity"]

    def tables(self):
        """Return the tables' text, without what is measured in seconds."""
        texts = {}
        for path in sorted((self.live / "tables").glob("*.csv")):
            header, *rows = [line.split(",") for line in path.read_text().splitlines()]
            kept = [i for i, name in enumerate(header) if "seconds" not in name]
            texts[path.name] = [[row[i] for i in kept] for row in [header, *rows]]
        return texts

    def copy(self, folder):
        """Return another working copy, results and all."""
        shutil.copytree(self.root, folder, symlinks=True)
        return Project(folder)


def copy_of_the_project(folder):
    def left_behind(_, names):
        kinds = ("_cache", ".sif")
        return [n for n in names if n in LEFT_BEHIND or n.endswith(kinds)]

    shutil.copytree(ROOT, folder, ignore=left_behind)
    return Project(folder)

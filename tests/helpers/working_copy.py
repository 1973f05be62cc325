"""A copy of the project, and how to run it."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.helpers.project import ROOT

LEFT_BEHIND = (".git", ".venv", ".uv", ".snakemake", "smoke", "mini", "mini_long")


@dataclass
class Project:
    """A working copy."""

    root: Path

    def command(self, *arguments, overlay=None):
        """Return the command line of one call of the workflow engine."""
        files = ["configs/smoke.yaml"]
        if overlay is not None:
            (self.root / "overlay.yaml").write_text(yaml.safe_dump(overlay))
            files.append("overlay.yaml")
        engine = [sys.executable, "-m", "snakemake", "--configfile", *files]
        return [*engine, "--cores", "2", *arguments]

    def start(self, *arguments, overlay=None):
        """Start it; return the process."""
        return subprocess.Popen(
            self.command(*arguments, overlay=overlay),
            cwd=self.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *arguments, overlay=None, succeed=True):
        """Run it to its end; return what it printed."""
        done = subprocess.run(
            self.command(*arguments, overlay=overlay),
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert (done.returncode == 0) == succeed, done.stdout
        return done.stdout

    @property
    def live(self):
        return self.root / "results" / "smoke"

    def runs(self):
        """Return the finished training runs and when each was written."""
        folders = (path for path in (self.live / "runs").iterdir() if path.is_dir())
        return {path.name: path.stat().st_mtime_ns for path in folders}

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

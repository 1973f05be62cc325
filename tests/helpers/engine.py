"""The workflow engine, imported once and forked for each call.

Four fifths of a dry-run's time are imports. So one process, this file run as a module,
imports what the engine imports and does nothing itself; each call is a fork of it.
Tests of whole workflows (`tests/e2e`) start the engine as its user does.
"""

import atexit
import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile

from tests.helpers.project import ROOT

# Packages alone, nothing of the project: a copy of the project has its own library.
PRELOADED = (
    *("snakemake.cli", "snakemake.storage", "nbformat", "smart_open"),
    *(
        "pydantic",
        "pandas",
        "scipy.stats",
        "sklearn.decomposition",
        "sklearn.mixture",
    ),
)


def call(folder, *arguments):
    """Run the engine in a folder; return its exit status and what it printed."""
    with tempfile.NamedTemporaryFile() as printed:
        request = [str(folder), printed.name, arguments, dict(os.environ)]
        server = _server()
        print(json.dumps(request), file=server.stdin, flush=True)
        return int(server.stdout.readline()), printed.read().decode()


@functools.cache
def _server():
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.engine"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.communicate)
    return server


def _serve():
    for name in PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become_engine(*json.loads(line))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, flush=True)


def _become_engine(folder, printed, arguments, environment):
    """Be what `python -m snakemake` is in the folder; never return."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(printed, os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["snakemake", *arguments]
    sys.path.remove(str(ROOT))
    sys.path.insert(0, folder)
    sys.exit(sys.modules["snakemake.cli"].main(arguments))


if __name__ == "__main__":
    _serve()

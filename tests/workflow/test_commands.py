"""Every command of the README and docs/ is planned, run, or named as untried."""

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers import engine
from tests.helpers.documentation import PAGES, README, blocks
from tests.helpers.project import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

# Commands that nothing runs here. The section that shows one has to say "untried".
UNTRIED = (
    ".venv/bin/hf auth login",
    "make bench-gpu",
    ".venv/bin/snakemake --cores all --software-deployment-method conda",
)
# Commands that another test runs: how they begin, and the file that has them.
ELSEWHERE = {
    "apptainer build": "tests/container/check_container.py",
    "apptainer run": "tests/container/check_container.py",
    ".venv/bin/python -m tests.statistics.compare": "tests/statistics/test_compare.py",
    ".venv/bin/python -m pytest": "Makefile",
    ".venv/bin/snakemake --report": "tests/e2e/test_chain.py",
}
ENGINE, MAKE = ".venv/bin/snakemake ", "make "
BENCHMARK = "PYTHONPATH=workflow .venv/bin/python -m benchmarks"
GOLDEN = "PYTHONPATH=workflow .venv/bin/python -m tests.golden.compare"


@dataclass(frozen=True)
class Command:
    """A line of a shell block, and the section of the page that it stands in."""

    page: Path
    section: str
    text: str


def commands():
    return [
        Command(page, section, line.split(" #")[0].strip())
        for page in PAGES
        for section, block in blocks(page, "sh")
        for line in block.splitlines()
    ]


def started(beginning):
    """Return the distinct commands that begin so, and are to be planned or run here."""
    texts = dict.fromkeys(command.text for command in commands())
    here = (text for text in texts if not text.startswith((*UNTRIED, *ELSEWHERE)))
    return [text for text in here if f"{text} ".startswith(beginning)]


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory):
    """Make the reader's own files: those that YAML blocks show, and image folders."""
    folder = tmp_path_factory.mktemp("somewhere")
    for name, text in own_files().items():
        (folder / name).write_text(text.replace("/somewhere", str(folder)))
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    for place in ("pets/cat", "pets/dog", "imagenet/train/one", "imagenet/train/two"):
        (folder / place).mkdir(parents=True)
        Image.fromarray(pixels).save(folder / place / "0.png")
    return folder


@functools.cache
def own_files():
    """Return the YAML blocks of all pages by the name in their first line."""
    found = [block for page in PAGES for _, block in blocks(page, "yaml")]
    return {re.match(r"# (\w+\.yaml)\n", block).group(1): block for block in found}


def plan(somewhere, arguments):
    """Dry-run the engine, the reader's own files in their place."""
    text = [a.replace("/somewhere", str(somewhere)) for a in arguments]
    placed = [str(somewhere / a) if a in own_files() else a for a in text]
    code, printed = engine.call(ROOT, "--dry-run", "--nolock", *placed)
    assert code == 0, printed


def test_every_command_is_run_or_named_as_untried():
    begin = (ENGINE, MAKE, BENCHMARK, GOLDEN, *ELSEWHERE)
    for command in commands():
        text = f"{command.text} "  # `make` alone is one, too
        assert command.text in UNTRIED or text.startswith(begin), command
    assert shutil.which("hf", path=Path(sys.executable).parent)  # to log in by


@pytest.mark.parametrize("text", UNTRIED)
def test_what_is_untried_is_named_so_beside_it(text):
    shown = [command for command in commands() if command.text == text]
    assert shown
    for command in shown:
        assert "untried" in command.section.lower(), command.page


def test_what_is_run_elsewhere_is():
    for beginning, path in ELSEWHERE.items():
        word = re.split(r"[ .-]", beginning)[-1]
        assert re.search(rf"\b{word}\b", (ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", started(ENGINE))
def test_every_workflow_command_plans(text, somewhere):
    plan(somewhere, shlex.split(text)[1:])


@pytest.mark.parametrize("name", own_files())
def test_every_configuration_shown_is_one(name, somewhere):
    plan(somewhere, ["--configfile", name])


@pytest.mark.parametrize("text", started(MAKE))
def test_every_make_command_plans(text, somewhere):
    done = subprocess.run(
        ["make", "--dry-run", *shlex.split(text)[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    run = re.search(r"workflow/run\.py (?:run|status|report) (.*)", done.stdout)
    if run:
        plan(somewhere, shlex.split(run.group(1)))


@pytest.mark.parametrize("text", started(BENCHMARK))
def test_every_benchmark_has_its_options(text):
    usage = printed(f"{text.split(' --')[0]} --help")
    for option in re.findall(r"--[\w-]+", text):
        assert option in usage


def test_the_golden_values_are_printed():
    (text,) = started(GOLDEN)
    assert "logme" in printed(text)


def printed(command):
    """Run a command of Python's as a shell does; return what it printed."""
    done = subprocess.run(
        command.replace(".venv/bin/python", shlex.quote(sys.executable)),
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        shell=True,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_library_example_runs_and_ranks(capsys):
    ((_, block),) = blocks(README, "python")
    exec(block, {})
    scores, logme = capsys.readouterr().out.splitlines()
    assert eval(scores)["lora"] > eval(scores)["vpt"]
    assert float(logme)


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        # That of the metrics has a test of its own: test_metrics_page.py.
        if page not in (README, ROOT / "docs/metrics.md") and [*blocks(page, "python")]
    ],
    ids=lambda page: page.name,
)
def test_python_blocks_run(page, capsys):
    names = {}
    for _, block in blocks(page, "python"):
        exec(block, names)


def test_make_has_every_target_that_is_named():
    rules = re.search(r"^\.PHONY: (.+?)$(?<!\\)", MAKEFILE, re.M | re.S).group(1)
    for page in PAGES:
        for target in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert target in rules.split(), page

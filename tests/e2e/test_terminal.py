"""make as its user meets it: stopped, gone on with, answered, and failing."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.e2e

MAKE = ["make", "--old-file", ".venv/ready", "CORES=2"]
OTHER = "CONFIGFILE=configs/smoke.yaml mine.yaml"


def start(project, output, *arguments):
    """Start make in a process group of its own, its output in a file."""
    if not (project.root / ".venv").exists():
        (project.root / ".venv").symlink_to(sys.prefix)
    with open(output, "w") as file:
        return subprocess.Popen(
            [*MAKE, *arguments],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            process_group=0,
            # As on a terminal, even where the tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def run(project, output, *arguments):
    """Run make to its end; return its exit code and what was shown."""
    code = start(project, output, *arguments).wait()
    return code, output.read_text()


def test_ctrl_c_ends_in_a_sentence_and_the_same_command_goes_on(fresh, tmp_path):
    smaller = "tasks: [digits]\nmethods: [lora, bitfit]\n"
    (fresh.root / "mine.yaml").write_text("experiment: other\n" + smaller)
    shown = tmp_path / "shown.txt"
    running = start(fresh, shown, OTHER)
    while "pretrain backbone" not in shown.read_text():
        assert running.poll() is None, shown.read_text()
        time.sleep(0.2)
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(timeout=120) == -signal.SIGINT  # 130, says a shell
    heading, *_, stopped = [
        line for line in shown.read_text().splitlines() if not line.startswith("make: ")
    ]
    assert stopped == "Stopped; the same command goes on where it was."
    assert "Traceback" not in shown.read_text()

    code, text = run(fresh, shown, OTHER)
    assert code == 0, text
    jobs = [int(line.split(": ")[1].split(" jobs")[0]) for line in (heading, text)]
    assert jobs[1] < jobs[0]
    assert text.replace("\n", "").isprintable()
    assert len(text.splitlines()) < 60
    # The answer is the other experiment's, and so are page and report.
    answer = text.split("\n\n", 1)[1].splitlines()
    assert len(answer) <= 15
    assert max(map(len, answer)) <= 100
    assert "results/other/summary.html" in answer[-1]
    assert (fresh.root / "results/other/report.html").exists()
    assert not fresh.live.exists()


def test_a_job_that_fails_is_told_in_its_sentence(project, tmp_path):
    table = project.live / "tables" / "correlation.csv"
    table.write_text("nothing\n1\n")
    code, text = run(project, tmp_path / "shown.txt", "EXPERIMENT=smoke")
    assert code == 2, text
    assert "Traceback" not in text
    assert "correlation.csv lacks the column" in text
    failed = [block.splitlines()[:3] for block in text.split("Failed: ")[1:]]
    for job, said, log in failed:
        assert job
        assert said.startswith("  ")
        path = project.root / log.removeprefix("  Its log: ")
        assert "Traceback" in path.read_text()
    engine = text.split("All that the engine said: ")[1].splitlines()[0]
    assert "Error in rule" in (project.root / engine).read_text()

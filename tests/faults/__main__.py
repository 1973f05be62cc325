"""The fault campaign: `smoke` is disturbed, and must end with undisturbed tables.

After each fault the same command is given again until it finishes, as its user would,
and all tables, seconds aside, are compared with those of a run that nothing disturbed.
Run as root, on Linux: `make test-faults`. The moments are drawn from a seed, and every
part can be run alone: `python -m tests.faults kills disk`.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import kills
from tests.faults.experiment import Experiment
from tests.faults.surroundings import (
    ROOMY,
    few_files,
    little_memory,
    small_disk,
    turn_clock,
)

SEED = 0
KILLS, A_ROUND = 50, 5  # kills in all, and of one experiment before it may finish
DISK_SHARES = (0.2, 0.5, 0.8)  # of the space that an undisturbed run takes
ENGINE_DISK = "96k"  # for the engine's own records
OPEN_FILES = 256
GIGABYTES = (0.7, 1.5, 3.0)
CLOCK_DAYS = (-1.0, 1.0)
SECOND_STARTS = (0.0, 0.1, 0.4)  # shares of a run after which a second one begins
ATTEMPTS = 4  # of the same command after a fault


@dataclass
class Campaign:
    """The experiment, what is right, and what came of each fault."""

    experiment: Experiment
    right: dict
    seconds: float  # of an undisturbed run
    megabytes: float
    draw: random.Random
    results: list = field(default_factory=list)

    def judge(self, fault, told, *, tried=1):
        """Give the command until it finishes; note whether the tables are right."""
        for _ in range(ATTEMPTS):
            last = self.experiment.run()
            if last.process.returncode == 0:
                break
        finished = last.process.returncode == 0
        right = finished and self.experiment.tables() == self.right
        clean = not any("Traceback" in run.text for run in [*told, last])
        self.note(fault, tried, right and clean)
        if not (right and clean):
            self.keep(fault, [*told, last])

    def note(self, fault, tried, survived):
        """Add to the table of results."""
        self.results.append((fault, tried, tried if survived else 0))
        verdict = "survived" if survived else "LOST"
        print(f"{fault}: {verdict}", flush=True)

    def keep(self, fault, runs):
        """Show what was said where something was lost."""
        for run in runs:
            code = run.process.returncode
            print(f"--- {fault}: exit code {code}\n{run.text[-2000:]}")

    def moment(self, share=1.0):
        """Return a random moment of the first part of a run, in seconds."""
        return self.draw.uniform(0.0, share * self.seconds)


def try_kills(campaign):
    """Kill the command at random moments, a few times before it may finish."""
    manners = [*kills.MANNERS] * (KILLS // len(kills.MANNERS) + 1)
    campaign.draw.shuffle(manners)
    left = manners[:KILLS]
    while left:
        campaign.experiment.erase()
        told, suffered = [], []
        for manner in left[:A_ROUND]:
            run = campaign.experiment.start()
            told.append(run)
            if run.wait(campaign.moment(2 / A_ROUND)):
                break  # finished before its moment came: the next round takes it
            kills.MANNERS[manner](run)
            suffered.append(manner)
            run.wait()
            kills.wait_for_silence(campaign.experiment)
        left = left[len(suffered) :]
        campaign.judge(", ".join(suffered), told, tried=len(suffered))


def try_disk(campaign):
    """Let the disk be full, then make room; the engine's own disk as well."""
    live, engine = campaign.experiment.live, campaign.experiment.root / ".snakemake"
    places = [(live, f"{share * campaign.megabytes:.1f}m") for share in DISK_SHARES]
    for folder, size in [*places, (engine, ENGINE_DISK)]:
        campaign.experiment.erase()
        size = f"{max(1, int(float(size[:-1]) * 1024))}k" if size[-1] == "m" else size
        with small_disk(folder, size) as change:
            told = campaign.experiment.run()
            change(f"size={ROOMY}")
            campaign.judge(f"disk of {folder.name} full at {size}", [told])


def try_read_only(campaign):
    """Let folders become read-only in the midst of a run, then writable again."""
    for name in ("results/smoke", ".snakemake"):
        campaign.experiment.erase()
        with small_disk(campaign.experiment.root / name, ROOMY) as change:
            run = campaign.experiment.start()
            run.wait(campaign.moment(0.6))
            kills.power_off(run)
            run.wait()
            kills.wait_for_silence(campaign.experiment)
            change("ro")
            told = campaign.experiment.run()
            change("rw")
            campaign.judge(f"{name} read-only", [told])


def try_files(campaign):
    """Allow few open files: the run must finish all the same."""
    campaign.experiment.erase()
    told = campaign.experiment.run(few_files(OPEN_FILES))
    fault = f"{OPEN_FILES} open files"
    if told.process.returncode:
        campaign.note(fault, 1, False)
        campaign.keep(fault, [told])
    else:
        campaign.judge(fault, [told])


def try_memory(campaign):
    """Allow little memory, then all."""
    for gigabytes in GIGABYTES:
        campaign.experiment.erase()
        told = campaign.experiment.run(little_memory(gigabytes))
        campaign.judge(f"{gigabytes} GiB of addresses a process", [told])


def try_clock(campaign):
    """Turn the clock in the midst of a run."""
    for days in CLOCK_DAYS:
        campaign.experiment.erase()
        run = campaign.experiment.start()
        run.wait(campaign.moment(0.8))
        folders = [campaign.experiment.live, campaign.experiment.root / ".snakemake"]
        turn_clock(run, folders, days)
        run.wait()
        campaign.judge(f"clock turned by {days:+.0f} day", [run])


def try_two(campaign):
    """Start the command a second time while it runs."""
    for share in SECOND_STARTS:
        campaign.experiment.erase()
        first = campaign.experiment.start()
        first.wait(share * campaign.seconds)
        second = campaign.experiment.run()
        first.wait()
        campaign.judge(f"a second run after {share:.0%}", [first, second])


PARTS = {
    "kills": try_kills,
    "disk": try_disk,
    "read_only": try_read_only,
    "files": try_files,
    "memory": try_memory,
    "clock": try_clock,
    "two": try_two,
}


def main(arguments):
    """Run the campaign, or parts of it; print its figures."""
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parts = parser.parse_args(arguments).parts or [*PARTS]
    folder = Path(tempfile.mkdtemp(prefix="fault campaign "))
    experiment = Experiment(folder / "project")
    began = time.monotonic()
    undisturbed = experiment.run()
    seconds = time.monotonic() - began
    if undisturbed.process.returncode:
        sys.exit(f"the undisturbed run failed:\n{undisturbed.text}")
    files = (path for path in experiment.live.rglob("*") if path.is_file())
    megabytes = sum(path.stat().st_size for path in files) / 2**20
    print(f"undisturbed: {seconds:.0f} s, {megabytes:.1f} MiB", flush=True)
    right = experiment.tables()
    campaign = Campaign(experiment, right, seconds, megabytes, random.Random(SEED))
    for part in parts:
        before = len(campaign.results)
        PARTS[part](campaign)
        tried = sum(row[1] for row in campaign.results[before:])
        survived = sum(row[2] for row in campaign.results[before:])
        print(f"== {part}: {tried} tried, {survived} survived", flush=True)
    tried = sum(row[1] for row in campaign.results)
    lost = tried - sum(row[2] for row in campaign.results)
    minutes = (time.monotonic() - began) / 60
    print(f"{tried} tried, {tried - lost} survived, {lost} lost; {minutes:.0f} minutes")
    if lost:
        sys.exit(f"kept for a look: {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The workflow for whoever sits at a terminal: a bar, the answer, errors in a sentence.

The engine does the work and may be called by itself as well; this file calls it, shows
its events, and ends with the answer. What belongs to which experiment is told by the
merged configuration alone.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from peftdiff.config import check_config
from peftdiff.paths import RESULTS, TABLES, Experiment, live
from peftdiff.runtime import UserError, one_sentence
from terminal.configuration import read_configuration
from terminal.engine import Stopped, call_engine, stop_on_signals
from terminal.progress import LOCKED, Progress, spoken

WIDTH, NARROW = 100, 80  # the longest lines, where the terminal is as wide
LOGS = Path(".snakemake/log")
KIND = r"^([\w.]*(Error|Exception): )+(\[Errno \d+\] )?"
NO_WORD = "ended without a word"
STOPPED = "Stopped; the same command goes on where it was."


@dataclass(frozen=True)
class Command:
    """What the user wants: of which experiment, and how the engine is told so."""

    experiment: Experiment
    name: str
    options: list[str]  # of every call of the engine
    variables: list[str]  # by which `make` is told so
    targets: list[str]  # and further options, of the main call
    output: Path  # takes what engine and jobs print by themselves

    def by_make(self, target: str) -> str:
        """Return the same for another target of `make`, as one types it."""
        return shlex.join(["make", target, *self.variables])

    def call(self, *arguments: str, progress: Progress) -> None:
        """Call the engine; where it fails, say why and end with exit code 1."""
        try:
            with open(self.output, "ab") as output:
                code = call_engine([*arguments, *self.options], progress.show, output)
        finally:
            progress.clear()
        if code:
            fail(progress, self)


def run(command: Command) -> None:
    """Compute what is not computed yet, and show the answer."""
    how_long = f"How long the training takes: {command.by_make('status')}"
    progress = Progress(sys.stdout, command.name, how_long)
    command.call(*command.targets, progress=progress)
    progress.say(
        f"Finished in {progress.elapsed}."
        if progress.total
        else "Nothing is left to do."
    )
    if Path(command.experiment.provenance).exists():
        write_report(command, report_of(command.experiment.root))
        print(f"\n{images_read(command.experiment)}{answer(command.experiment)}")


def images_read(experiment: Experiment) -> str:
    """Return what was read of the user's own images, and what was left out."""
    from peftdiff.records import read_json
    from peftdiff.reporting.own_images import own_images, told

    found = own_images(read_json(experiment.provenance))
    return "".join(f"{told(each)}\n\n" for each in found)


def answer(experiment: Experiment) -> str:
    """Return which method is best where, how sure that is, and where to read on."""
    from peftdiff.records.tables import read_table
    from peftdiff.reporting.pages.answer import answer_page

    tables = {name: read_table(experiment.table(name)) for name in TABLES}
    width = min(WIDTH, max(NARROW, shutil.get_terminal_size().columns))
    return (
        f"{answer_page(tables, width)}\n"
        f"Page: {experiment.summary_page}; report, tables and figures lie beside it."
    )


def report_of(root: str) -> str:
    """Return where the engine's report of some results goes."""
    return f"{root}/report.html"


def report(command: Command) -> None:
    """Bring page and report up to date; where there is none, those of the cache."""
    if Path(command.experiment.provenance).exists():
        run(command)
        return
    print(f"{command.name} was not run here ('make' runs it): from the cache.")
    path, pages = report_of(f"{RESULTS}/cached"), "cached_pages"
    command.call(pages, progress=Progress(sys.stdout, "cached experiments"))
    write_report(command, path, pages)
    print(f"The pages: {RESULTS}/cached/*/summary.html, and {path}")


def status(command: Command) -> None:
    """Say what is done and what is left, also while something runs."""
    told, planned = Progress(), Progress()
    command.call("report_status", "--nolock", progress=told)
    print(Path(told.begun[-1]["log"][0]).read_text().strip())
    command.call(*command.targets, "--dry-run", "--nolock", progress=planned)
    left = [f"{spoken(rule)} {count}" for rule, count in planned.total.items()]
    jobs = f"Jobs left, those under way counted in: {', '.join(left) or 'none'}."
    print(f"\n{textwrap.fill(jobs, WIDTH)}")


def write_report(command: Command, path: str, *targets: str) -> None:
    """Write the engine's report, which it does not keep up to date by itself."""
    command.call(*targets, "--report", path, progress=Progress())


def fail(progress: Progress, command: Command) -> NoReturn:
    """Say in a few lines what failed, and end."""
    printed = command.output.read_text(errors="replace").strip().splitlines()
    for job in progress.failed.values():
        log = (job.get("log") or [""])[0]
        print(f"Failed: {job.get('rule_msg', spoken(job['rule_name']))}")
        print(textwrap.indent(sentence(log, printed), "  "))
        print(f"  Its log: {log}")
    if not progress.failed:
        last = printed[-1] if printed else f"the engine {NO_WORD}"
        words = (progress.errors or [last])[0]
        if words == LOCKED:
            words = f"{LOCKED} ({command.by_make('status')} tells how far it is)"
        if "Traceback" in words:
            words = [line for line in words.splitlines() if line.strip()][-1]
        # The engine puts the kind of the error, once or twice, before its sentence.
        print(f"Error: {re.sub(KIND, '', words)}")
    if progress.log_file:
        print(f"All that the engine said: {os.path.relpath(progress.log_file)}")
    sys.exit(1)


def sentence(log: str, printed: Sequence[str]) -> str:
    """Return what a job said of its failure, or else what can be said of it."""
    end = f" (log: {log})"
    own = [line for line in printed if line.startswith("Error: ") and end in line]
    if log and own:
        return own[-1].removeprefix("Error: ").removesuffix(end)
    path = Path(log)
    lines = path.read_text(errors="replace").split("\n") if path.is_file() else []
    if any(line.startswith("Traceback") for line in lines):
        return f"a mistake in the program: {[line for line in lines if line][-1]}"
    return f"it {NO_WORD}; where memory is short, the system may have killed it"


def read_command(arguments: Sequence[str], output: Path) -> tuple[str, Command]:
    """Return which of the commands is wanted, and what it is given."""
    own, rest = list(arguments), []
    if "--" in own:
        place = own.index("--")
        own, rest = own[:place], own[place + 1 :]
    if configuring := {"-C", "--config", "--configfile", "--configfiles"} & set(rest):
        raise UserError(
            f"{configuring.pop()} among the further options would go unseen; give"
            ' CONFIG="key=value" and CONFIGFILE="a.yaml b.yaml" in its place'
        )
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("command", choices=[*COMMANDS])
    parser.add_argument("--cores", default="all")
    parser.add_argument("--configfile", nargs="+", default=[])
    parser.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE")
    given = parser.parse_args(own)
    config = check_config(read_configuration(given.configfile, given.config))
    options = ["--cores", given.cores]
    for option in ("configfile", "config"):
        if values := getattr(given, option):
            options += [f"--{option}", *values]
    name = str(config["experiment"])
    variables = variables_of(given.configfile, given.config)
    command = Command(live(name), name, options, variables, rest, output)
    return given.command, command


def variables_of(files: Sequence[str], entries: Sequence[str]) -> list[str]:
    """Return the variables by which `make` is told files and entries."""
    known = re.fullmatch(r"configs/(\w+)\.yaml", files[0]) if files else None
    experiment = [f"EXPERIMENT={known[1]}"] if known else []
    others = files[1:] if known else files
    return [
        *experiment,
        *([f"CONFIGFILE={' '.join(others)}"] if others else []),
        *([f"CONFIG={shlex.join(entries)}"] if entries else []),
    ]


COMMANDS = {"run": run, "report": report, "status": status}


def main(arguments: Sequence[str]) -> None:
    """Do what the command line asks for."""
    stop_on_signals()
    try:
        LOGS.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=LOGS, suffix=".output") as output:
            chosen, command = read_command(arguments, Path(output.name))
            COMMANDS[chosen](command)
    except (UserError, OSError) as error:
        sys.exit(f"Error: {one_sentence(error)}")
    except Stopped as stopped:
        print(STOPPED)
        sys.exit(stopped.code)


if __name__ == "__main__":
    main(sys.argv[1:])

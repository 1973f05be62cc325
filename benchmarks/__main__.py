"""The benchmark's command line: ``python -m benchmarks --help``."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.cases import APPROXIMATE, CASES, MILLION, ON_GPU, Case
from benchmarks.measure import measure

RESULTS = Path(__file__).parent / "results"
QUICK_ROUNDS = 2
QUIET = 0.3  # load per core above which seconds are not reliable


def main() -> None:
    """Measure the chosen cases; print and write their table, and draw the plot."""
    options = _options()
    name, cases = _choose(options)
    path = options.output / f"{name}.json"
    if options.redraw:
        results = json.loads(path.read_text(encoding="utf-8"))
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        results = run(cases, path)
    text = report.tables(results)
    path.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    print(text)
    if not (options.million or options.gpu):
        _draw(results, path)


def run(cases: Sequence[Case], path: Path) -> dict[str, Any]:
    """Measure cases one after the other, and write the results so far after each."""
    description = machine.describe()
    load = description["load"]
    if load > QUIET * description["usable_cores"]:
        _log(f"the machine is busy (load {load}): trust ratios, not seconds")
    results: dict[str, Any] = {"machine": description, "cases": []}
    for case in cases:
        _log(case.name)
        result = measure(case)
        for name, side in result["sides"].items():
            if "absent" in side:
                _log(f"    {name}: {side['absent']}")
        results["cases"].append(result)
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results


def _choose(options: argparse.Namespace) -> tuple[str, list[Case]]:
    """Return the name of the results' files, and the cases to run."""
    if options.million:
        name, cases = "million", [_searching(case, options.search) for case in MILLION]
    elif options.gpu:
        name, cases = "gpu", list(ON_GPU)
    elif options.quick:
        name, cases = "quick", [_shorter(case) for case in CASES if case.quick]
    else:
        name, cases = "bench", list(CASES)
    if options.only:
        name, cases = "only", [case for case in cases if options.only in case.name]
    return name, cases


def _shorter(case: Case) -> Case:
    return replace(case, rounds=min(case.rounds, QUICK_ROUNDS))


def _searching(case: Case, search: str) -> Case:
    """Return a case whose approximate side uses the named search."""
    side = f"search={search}"
    targets = [replace(each, side=side) for each in case.targets]
    sides = [side if each == APPROXIMATE else each for each in case.sides]
    return replace(case, targets=tuple(targets), sides=tuple(sides))


def _draw(results: dict[str, Any], path: Path) -> None:
    """Draw the plot beside the results, if there is something to draw."""
    from benchmarks import plot
    from peftdiff.reporting.figures import style

    try:
        figure = plot.draw(results)
    except ValueError as error:
        _log(str(error))
        return
    style.save(figure, [str(path.with_suffix(suffix)) for suffix in (".png", ".svg")])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="90 s, up to n = 3,000")
    which.add_argument("--million", action="store_true", help="up to an hour, 16 GiB")
    which.add_argument("--gpu", action="store_true", help="neighbors found on a GPU")
    parser.add_argument(
        "--search",
        default=APPROXIMATE.removeprefix("search="),
        help="the approximate neighbor search of --million (default: %(default)s)",
    )
    parser.add_argument("--only", metavar="TEXT", help="cases whose name holds TEXT")
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument(
        "--redraw", action="store_true", help="table and plot of results at hand"
    )
    return parser.parse_args()


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""The benchmark's tables, from its results alone."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Results = Mapping[str, Any]
Rows = Sequence[Sequence[str]]

TIMES = ("case", "side", "median s", "best s", "CPU s", "runs", "peak GiB", "note")
UNITS = {"seconds": " s", "gib": " GiB"}


def tables(results: Results) -> str:
    """Return the results as Markdown: the machine, the targets, all times."""
    return "\n\n".join(
        [
            describe_machine(results["machine"]),
            "## Targets\n\nRatios are of the best times, which other work on the "
            "machine disturbs least; seconds are medians.",
            markdown(("case", "target", "measured", ""), list(_target_rows(results))),
            "## Times\n\nCPU seconds are of all threads together, the best run. Memory "
            "is the most the process held, its data included.",
            markdown(TIMES, list(_time_rows(results))),
        ]
    )


def judge(case: Results, target: Results) -> tuple[float | None, bool]:
    """Return a target's value, None if a side is absent, and whether it is met."""
    names = (target["side"], target["versus"] or target["side"])
    side, versus = (case["sides"][name] for name in names)
    if not (side["seconds"] and versus["seconds"]):
        return None, False
    bound = target["bound"]
    if target["measure"] == "faster":
        faster = min(versus["seconds"]) / min(side["seconds"])
        return faster, faster >= bound
    if target["measure"] == "share":
        value = min(side["seconds"]) / min(versus["seconds"])
    elif target["measure"] == "apart":
        pairs = zip(side["values"], versus["values"], strict=True)
        value = max(abs(a - b) / abs(b) for a, b in pairs)
    elif target["measure"] == "seconds":
        value = statistics.median(side["seconds"])
    else:
        value = side[target["measure"]]
    return value, value <= bound


def markdown(header: Sequence[str], rows: Rows) -> str:
    """Return a Markdown table with columns of equal width."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines
    )


def describe_machine(machine: Results) -> str:
    """Return a paragraph on where and when the times were taken."""
    blas = "; ".join(
        f"{each['internal_api']} {each['version'] or ''}".rstrip()
        + f" (threads: {each['num_threads']})"
        for each in machine["blas"]
    )
    packages = ", ".join(
        f"{name} {version}" for name, version in machine["packages"].items()
    )
    return (
        f"{machine['processor']}, {machine['usable_cores']} of {machine['cores']} "
        f"cores, {machine['memory_gib']} GiB, {machine['system']}, load "
        f"{machine['load']} at the start. "
        f"{blas}. Python {machine['python']}, {packages}. "
        f"{machine['date']}, revision {machine['git_revision']}."
    )


def _target_rows(results: Results) -> Iterator[list[str]]:
    for case in results["cases"]:
        for target in case["targets"]:
            value, met = judge(case, target)
            measured = "not measured" if value is None else _amount(target, value)
            verdict = "-" if value is None else "met" if met else "missed"
            yield [case["name"], _describe(target), measured, verdict]


def _describe(target: Results) -> str:
    """Return a target in words."""
    bound = _amount(target, target["bound"])
    if target["measure"] == "faster":
        text = f">= {bound} as fast as {target['versus']}"
    elif target["measure"] == "share":
        text = f"<= {bound} {target['versus']}"
    elif target["measure"] == "apart":
        text = f"within {bound} of {target['versus']}"
    else:
        text = f"<= {bound}"
    return text if target["side"] == "ours" else f"{target['side']}: {text}"


def _amount(target: Results, value: float) -> str:
    if target["measure"] == "apart":
        return f"{value:.1g}"
    return f"{value:.3g}{UNITS.get(target['measure'], 'x')}"


def _time_rows(results: Results) -> Iterator[list[str]]:
    for case in results["cases"]:
        for name, side in case["sides"].items():
            seconds = side["seconds"]
            note = side.get("absent", "")
            if not seconds:
                yield [case["name"], name, "-", "-", "-", "0", "-", note]
                continue
            clocks = (
                statistics.median(seconds),
                min(seconds),
                min(side["cpu_seconds"]),
            )
            times = [f"{each:.3g}" for each in clocks]
            runs, peak = str(len(seconds)), f"{side['gib']:.2f}"
            yield [case["name"], name, *times, runs, peak, note]

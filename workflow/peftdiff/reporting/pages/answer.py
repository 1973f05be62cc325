"""The answer in a few lines: which method where, how sure, what PEFTDiff is worth."""

from __future__ import annotations

import math
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from peftdiff.evaluation import standings, verdict
from peftdiff.evaluation.derived import with_derived
from peftdiff.evaluation.first_choice import Choice, choices_of
from peftdiff.reporting.labels import (
    method_label,
    metric_label,
    order_tasks,
    task_label,
)
from peftdiff.reporting.pages.markdown import WIDTH
from peftdiff.reporting.standings import (
    constant_accuracy,
    constant_answer,
    meaningless,
    standing,
    undecidable,
)
from peftdiff.reporting.text import (
    accuracy,
    counted,
    listed,
    number,
    p_equals,
    part_of,
)
from peftdiff.reporting.webpage.answer import Answer, answer
from peftdiff.statistics import FEWEST

LINES = 14
ROWS = 8  # of tasks; with more tasks, of methods
RIVALS = 2  # metrics better than chance that are named

Row = Mapping[Any, Any]

HEADLINES = {
    verdict.BEYOND: "{} ranks the methods better than chance here",
    verdict.UNCORRECTED_ONLY: "{} may rank the methods better than chance here",
    verdict.NOT_SIGNIFICANT: "{} cannot be told from chance here",
    verdict.WORSE: "{} ranks the methods worse than chance does here",
}


def answer_page(tables: Mapping[str, pd.DataFrame], width: int = WIDTH) -> str:
    """Return the answer as text of at most 14 lines; `width` is at least 80.

    Parameters
    ----------
    tables
        By name: summary, scores, ground_truth, reliability. What follows from them is
        made where it is not given (`with_derived`).
    width
        Of a line, in characters.
    """
    tables = with_derived(tables)
    found = answer(tables, {})
    subject = found.subject["metric"]
    chosen = {c.task: c for c in choices_of(tables["first_choices"], subject)}
    rows = {row["task"]: row for row in tables["tasks"].to_dict("records")}
    ordered = {
        task: rows[task]
        for task in order_tasks(rows)
        if rows[task]["n_methods"] or chosen[task].first
    }
    if len(ordered) <= ROWS:
        lines = _by_task(ordered, chosen, metric_label(subject))
    else:
        lines = _by_method(ordered)
    lines = [row if len(row) <= width else f"{row[: width - 3]}..." for row in lines]
    texts = [
        _of_one_task(ordered, tables["standings"]),
        _worth(found, [row["verdict"] for row in ordered.values()]),
        _instead(found),
    ]
    texts = [text for text in texts if text]
    room = (LINES - len(lines) - 1) // len(texts)
    filled = [textwrap.fill(text, width, max_lines=room) for text in texts]
    return "\n".join([*lines, "", *filled]).replace("\u00a0", " ")


def _of_one_task(rows: Mapping[str, Row], stand: pd.DataFrame) -> str:
    """Say what to take, where there is one task."""
    if len(rows) != 1:
        return ""
    ((task, row),) = rows.items()
    return f"{task_label(task)}: {standing(row, stand[stand['task'] == task])}"


def _worth(found: Answer, verdicts: Sequence[str]) -> str:
    """Say whether the metric ranks better than chance, and what it loses."""
    own, n_tasks = found.subject, len(found.scope.tasks)
    name, n_methods = metric_label(own["metric"]), found.scope.n_methods
    if n_methods < 2 or (
        found.says_something and own["verdict"] == verdict.UNDECIDABLE
    ):
        return undecidable(own["smallest_p_value"], n_methods, n_tasks)
    if not found.says_something:
        return meaningless(verdicts)
    if own["verdict"] not in HEADLINES:
        reason = f": {found.unranked}" if found.unranked else ""
        return f"{name} has no ranking to be judged here{reason}."
    tau, n_known = own["mean_weighted_tau"], own["n_tasks"]
    over = "" if n_known == n_tasks else f" on {part_of(n_known, n_tasks, 'task')}"
    text = (
        f"{HEADLINES[own['verdict']].format(name)} (mean weighted tau"
        f" {number(tau)}{over}, {p_equals(own['p'])})."
    )
    lost = own["regret_at_1"]
    drawn = math.nan if found.chance is None else found.chance["regret_at_1"]
    besides = "" if math.isnan(drawn) else f", a random one {number(drawn, 1)}"
    return (
        f"{text} Its first choice loses {number(lost, 1)} points of accuracy{besides}."
    )


def _instead(found: Answer) -> str:
    """Name other metrics that rank better than chance, and the best single method."""
    better = found.rivals_of(verdict.BEYOND) if found.says_something else []
    named = [
        f"{metric_label(row['metric'])} (loses {number(row['regret_at_1'], 1)})"
        for row in better[:RIVALS]
    ]
    if len(better) > RIVALS:
        named.append(counted(len(better) - RIVALS, "more", "more"))
    text = f"Better than chance: {listed(named)}." if named else ""
    fixed = found.fixed
    if fixed is None:
        return text
    if not fixed.is_told:
        return f"{text} No method can be told to be best for all tasks alike.".strip()
    others = listed(map(method_label, fixed.alike))
    alike = f"; {others} cannot be told from it" if fixed.alike else ""
    return (
        f"{text} The best method for all tasks alike, in hindsight, is"
        f" {method_label(fixed.method)} (loses {number(fixed.lost, 1)}{alike})."
    ).strip()


def _by_task(
    rows: Mapping[str, Row], chosen: Mapping[str, Choice], metric: str
) -> list[str]:
    """Return a line for each task, below a heading."""
    heads = ["task", "no image", "best fine-tuned", "told apart", f"{metric} takes"]
    cells = [[*heads, "loses"]]
    for task, row in rows.items():
        choice = chosen[task]
        constant = accuracy(constant_accuracy(row)) if constant_answer(row) else ""
        # Where nothing can be told apart, nothing can be lost.
        told = row["verdict"] in (standings.ONE_BEST, standings.SOME_ALIKE)
        lost = number(choice.regret, 1) if told else ""
        first = _methods(choice.first, row["n_methods"])
        cells.append(
            [task_label(task), constant, _best(row), _how_sure(row), first, lost]
        )
    return _aligned(cells)


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of cells in columns; a column without any content is left out."""
    columns = [column for column in zip(*cells, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in zip(*columns, strict=True)
    ]


def _best(row: Row) -> str:
    if row["verdict"] == standings.NO_ACCURACY:
        return "unknown"
    if row["verdict"] == standings.AT_CHANCE:
        return f"none (at most {accuracy(row['best_accuracy'])})"
    return f"{method_label(row['best'])} ({accuracy(row['best_accuracy'])})"


def _how_sure(row: Row) -> str:
    """Return whether the best method can be told from the others, or from chance."""
    said, n_seeds = row["verdict"], row["n_seeds"]
    if said == standings.AT_CHANCE:
        return "not from chance"
    if said == standings.ALL_ALIKE:
        return "no"
    if said == standings.SOME_ALIKE:
        return f"not from {counted(row['n_among_best'] - 1, 'other')}"
    if said == standings.ONE_BEST:
        return "yes" if n_seeds >= FEWEST else f"yes ({counted(n_seeds, 'seed')})"
    if said == standings.NOT_TOLD:
        return f"unknown ({counted(n_seeds, 'seed')})" if n_seeds else "unknown"
    return ""


def _by_method(rows: Mapping[str, Row]) -> list[str]:
    """Return a line for each method that is the best somewhere, most tasks first."""
    won: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        best = (standings.NO_ACCURACY, standings.AT_CHANCE)
        won["" if row["verdict"] in best else row["best"]].append(row)
    lost = won.pop("", [])
    order = sorted(won, key=lambda method: -len(won[method]))
    room = ROWS - bool(lost)
    lines = []
    for method in order[:room]:
        sure = sum(row["verdict"] == standings.ONE_BEST for row in won[method])
        tasks = ", ".join(task_label(row["task"]) for row in won[method])
        count = counted(len(won[method]), "task")
        lines.append(
            f"{method_label(method)} is the best on {count} (sure on {sure}): {tasks}"
        )
    rest = sum(len(won[method]) for method in order[room:])
    if rest > 0:
        lines.append(f"Others are the best on {counted(rest, 'task')}")
    if lost:
        tasks = ", ".join(task_label(row["task"]) for row in lost)
        count = counted(len(lost), "task")
        lines.append(f"No method is beyond chance on {count}: {tasks}")
    return lines


def _methods(slugs: Sequence[str], n_methods: int) -> str:
    if 1 < len(slugs) == n_methods:
        return "any"
    return ", ".join(map(method_label, slugs)) or "unknown"

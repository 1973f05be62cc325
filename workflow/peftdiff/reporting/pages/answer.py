"""The answer in a few lines: which method where, how sure, what PEFTDiff is worth."""

from __future__ import annotations

import math
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from peftdiff.evaluation import verdict
from peftdiff.evaluation.first_choice import Choice, Lead, choices
from peftdiff.reporting.labels import method_label, metric_label, task_label
from peftdiff.reporting.pages.markdown import WIDTH
from peftdiff.reporting.text import counted, listed, number, p_equals, part_of
from peftdiff.reporting.webpage.answer import Answer, answer

LINES = 14
ROWS = 8  # of tasks; with more tasks, of methods
RIVALS = 2  # metrics better than chance that are named

HEADLINES = {
    verdict.BEYOND: "{} ranks the methods better than chance here",
    verdict.UNCORRECTED_ONLY: "{} may rank the methods better than chance here",
    verdict.NOT_SIGNIFICANT: "{} cannot be told from chance here",
    verdict.WORSE: "{} ranks the methods worse than chance does here",
    verdict.UNDECIDABLE: "So little data cannot tell {} from chance",
    verdict.UNKNOWN: "Whether {} ranks better than chance is not known here",
}


def answer_page(tables: Mapping[str, pd.DataFrame], width: int = WIDTH) -> str:
    """Return the answer as text of at most 14 lines; `width` is at least 80.

    Parameters
    ----------
    tables
        By name: summary, scores, ground_truth, reliability.
    width
        Of a line, in characters.
    """
    found = answer(tables, {})
    subject = found.subject["metric"]
    chosen = choices(tables["scores"], tables["ground_truth"], subject)
    few = len(chosen) <= ROWS
    rows = _by_task(chosen, metric_label(subject)) if few else _by_method(chosen)
    lines = [row if len(row) <= width else f"{row[: width - 3]}..." for row in rows]
    texts = [_worth(found, len(chosen)), _instead(found)]
    room = (LINES - len(lines) - 1) // len(texts)
    filled = [textwrap.fill(text, width, max_lines=room) for text in texts if text]
    return "\n".join([*lines, "", *filled]).replace("\u00a0", " ")


def _worth(found: Answer, n_tasks: int) -> str:
    """Say whether the metric ranks better than chance, and what it loses."""
    own = found.subject
    text = HEADLINES[own["verdict"]].format(metric_label(own["metric"]))
    tau, n_known = own["mean_weighted_tau"], own["n_tasks"]
    if not math.isnan(tau):
        over = "" if n_known == n_tasks else f" on {part_of(n_known, n_tasks, 'task')}"
        p = "" if math.isnan(own["p"]) else f", {p_equals(own['p'])}"
        text += f" (mean weighted tau {number(tau)}{over}{p})"
    lost = own["regret_at_1"]
    if math.isnan(lost):
        return f"{text}."
    drawn = math.nan if found.chance is None else found.chance["regret_at_1"]
    besides = "" if math.isnan(drawn) else f", a random one {number(drawn, 1)}"
    return (
        f"{text}. Its first choice loses {number(lost, 1)} points of accuracy{besides}."
    )


def _instead(found: Answer) -> str:
    """Name other metrics that rank better than chance, and the best single method."""
    better = found.rivals_of(verdict.BEYOND)
    named = [
        f"{metric_label(row['metric'])} (loses {number(row['regret_at_1'], 1)})"
        for row in better[:RIVALS]
    ]
    if len(better) > RIVALS:
        named.append(counted(len(better) - RIVALS, "more", "more"))
    text = f"Better than chance: {listed(named)}." if named else ""
    if found.fixed is None:
        return text
    return (
        f"{text} The best method for all tasks alike, in hindsight, is"
        f" {method_label(found.fixed.method)} (loses {number(found.fixed.lost, 1)})."
    ).strip()


def _by_task(chosen: Sequence[Choice], metric: str) -> list[str]:
    """Return a line for each task, below a heading."""
    cells = [("task", "best fine-tuned", "ahead by", f"{metric} takes", "loses")]
    for choice in chosen:
        best = f"{_methods(choice.best)} ({number(choice.best_accuracy, 1)} %)"
        lost = number(choice.lost, 1)
        first = _methods(choice.first)
        cells.append(
            (task_label(choice.task), best, _how_sure(choice.lead), first, lost)
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    ]


def _how_sure(lead: Lead) -> str:
    """Return how far the best is ahead, and whether the seeds agree that it is."""
    if math.isnan(lead.mean):
        return ""
    if lead.n_seeds == 0:
        return number(lead.mean, 1)
    if math.isnan(lead.low):
        return f"{number(lead.mean, 1)} (too few seeds)"
    return f"{number(lead.mean, 1)} ({'sure' if lead.low > 0 else 'not sure'})"


def _by_method(chosen: Sequence[Choice]) -> list[str]:
    """Return a line for each method that is the best somewhere, most tasks first."""
    won: dict[str, list[Choice]] = defaultdict(list)
    for choice in chosen:
        won[_methods(choice.best)].append(choice)
    order = sorted(won, key=lambda methods: -len(won[methods]))
    lines = []
    for methods in order[:ROWS]:
        sure = sum(choice.lead.low > 0 for choice in won[methods])
        tasks = ", ".join(task_label(choice.task) for choice in won[methods])
        count = counted(len(won[methods]), "task")
        lines.append(f"{methods} is the best on {count} (sure on {sure}): {tasks}")
    rest = sum(len(won[methods]) for methods in order[ROWS:])
    if rest > 0:
        lines.append(f"Others are the best on {counted(rest, 'task')}")
    return lines


def _methods(slugs: Sequence[str]) -> str:
    return ", ".join(map(method_label, slugs)) or "unknown"

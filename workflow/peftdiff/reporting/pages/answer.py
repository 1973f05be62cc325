"""The answer in a few lines: which method where, how sure, what PEFTDiff is worth."""

from __future__ import annotations

import math
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from peftdiff.evaluation import verdict
from peftdiff.evaluation.correlation import RANDOM, mean_accuracies
from peftdiff.evaluation.first_choice import Choice, choices
from peftdiff.evaluation.replicates import BASELINES
from peftdiff.reporting.labels import method_label, metric_label, task_label
from peftdiff.reporting.pages.markdown import WIDTH

Rows = Mapping[str, Mapping[str, Any]]  # of summary.csv, by metric

SUBJECT = "peftdiff"
ROWS = 8  # of tasks; with more tasks, of methods
OTHERS = 3  # metrics beyond chance that are named

HEADLINES = {
    verdict.BEYOND: "{} ranks the methods better than chance here",
    verdict.UNCORRECTED_ONLY: (
        "{} ranks the methods better than chance here, but only if no other metric was"
        " tried"
    ),
    verdict.NOT_SIGNIFICANT: "The ranking by {} cannot be told from chance here",
    verdict.UNDECIDABLE: "Too little data to tell the ranking by {} from chance",
    verdict.WORSE: "{} ranks the methods worse than chance does here",
    verdict.UNKNOWN: "Whether {} ranks the methods better than chance is unknown here",
}


def answer_page(
    summary: pd.DataFrame, scores: pd.DataFrame, truth: pd.DataFrame
) -> str:
    """Return the answer as text of at most 14 lines, each as wide as a terminal.

    Parameters
    ----------
    summary, scores, truth
        Rows of summary.csv, scores.csv and ground_truth.csv.
    """
    metrics = list(summary["metric"])
    subject = SUBJECT if SUBJECT in metrics else str(metrics[0])
    table = summary.assign(p=verdict.larger_p_values(summary)).set_index("metric")
    rows = {str(metric): dict(row) for metric, row in table.iterrows()}
    chosen = choices(scores, truth, subject)
    lines = _by_task(chosen, subject) if len(chosen) <= ROWS else _by_method(chosen)
    texts = [_worth(subject, rows, len(chosen)), _instead(subject, rows, truth)]
    filled = [textwrap.fill(text, WIDTH, max_lines=2) for text in texts]
    return "\n".join([*lines, "", *filled])


def _worth(subject: str, rows: Rows, n_tasks: int) -> str:
    """Say whether the scores rank better than chance, and what they lose."""
    own = rows[subject]
    text = HEADLINES[own["verdict"]].format(metric_label(subject))
    if not math.isnan(own["mean_weighted_tau"]):
        tasks = f"{own['n_tasks']:.0f} of {n_tasks} tasks"
        p = "" if math.isnan(own["p"]) else f", p = {own['p']:.3f}"
        text += f" (mean weighted tau {own['mean_weighted_tau']:+.2f} over {tasks}{p})"
    lost = own["regret_at_1"]
    drawn = rows.get(RANDOM, {}).get("regret_at_1", math.nan)
    if math.isnan(lost):
        return f"{text}."
    besides = "" if math.isnan(drawn) else f", a method drawn at random {drawn:.1f}"
    return (
        f"{text}. Its first choice loses {lost:.1f} points of accuracy on"
        f" average{besides}."
    )


def _instead(subject: str, rows: Rows, truth: pd.DataFrame) -> str:
    """Name other metrics that rank better than chance, and the best single method."""
    others = [
        metric
        for metric, row in rows.items()
        if row["verdict"] == verdict.BEYOND and metric not in (subject, *BASELINES)
    ]
    others.sort(key=lambda metric: -rows[metric]["mean_weighted_tau"])
    named = [
        f"{metric_label(metric)} ({rows[metric]['mean_weighted_tau']:+.2f}; loses"
        f" {rows[metric]['regret_at_1']:.1f})"
        for metric in others[:OTHERS]
    ]
    more = f" and {len(others) - OTHERS} more" if len(others) > OTHERS else ""
    text = f"Other metrics better than chance: {', '.join(named) or 'none'}{more}."
    means = mean_accuracies(truth).dropna()
    if means.empty:
        return text
    best = str(means.mean().idxmax())
    lost = float((means.max(axis=1) - means[best]).mean())
    return (
        f"{text} One method for all tasks, in hindsight: {method_label(best)} (loses"
        f" {lost:.1f})."
    )


def _by_task(chosen: Sequence[Choice], subject: str) -> list[str]:
    """Return a line for each task, below a heading."""
    name = metric_label(subject)
    heading = ("task", "best after fine-tuning", "points ahead of the next")
    cells = [(*heading, f"{name} takes", "and loses")]
    for choice in chosen:
        best = f"{_methods(choice.best)} ({choice.best_accuracy:.1f} %)"
        lost = "" if math.isnan(choice.lost) else f"{choice.lost:.1f}"
        first = _methods(choice.first)
        cells.append((task_label(choice.task), best, _how_sure(choice), first, lost))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    ]
    return [_fitted(line) for line in lines]


def _how_sure(choice: Choice) -> str:
    """Return how far the best is ahead, and whether that is more than seeds do."""
    lead = choice.lead
    if math.isnan(lead.mean):
        return ""
    if lead.n_seeds == 0:
        return f"{lead.mean:.1f}"
    if math.isnan(lead.low):
        return f"{lead.mean:.1f} (too few seeds to be sure)"
    return f"{lead.mean:.1f} ({'sure' if lead.low > 0 else 'not sure'})"


def _by_method(chosen: Sequence[Choice]) -> list[str]:
    """Return a line for each method that is the best somewhere, below a heading."""
    won: dict[str, list[str]] = defaultdict(list)
    for choice in chosen:
        won[_methods(choice.best)].append(task_label(choice.task))
    order = sorted(won, key=lambda methods: -len(won[methods]))
    rest = sum(len(won[methods]) for methods in order[ROWS:])
    lines = [
        f"{methods} is the best on {len(won[methods])}: {', '.join(won[methods])}"
        for methods in order[:ROWS]
    ]
    more = [f"other methods are the best on {rest}"] if rest else []
    return [_fitted(line) for line in (*lines, *more)]


def _fitted(line: str) -> str:
    """Return a line without blanks at its end, cut where it is too wide."""
    line = line.rstrip()
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."


def _methods(slugs: Sequence[str]) -> str:
    return ", ".join(map(method_label, slugs)) or "unknown"

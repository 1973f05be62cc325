"""The weighted taus as a page of text, for the terminal and the report."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from peftdiff.evaluation.correlation import RANDOM, mean_reliability
from peftdiff.evaluation.replicates import BASELINES
from peftdiff.evaluation.standings import AT_CHANCE, says_something, with_accuracies
from peftdiff.evaluation.summary import says_top_3
from peftdiff.evaluation.verdict import (
    BEYOND,
    UNCORRECTED_ONLY,
    UNDECIDABLE,
    WORSE,
    count_tried,
)
from peftdiff.reporting.glossary import GLOSSARY
from peftdiff.reporting.pages.markdown import WIDTH, markdown, paragraph
from peftdiff.reporting.standings import meaningless, standing, undecidable
from peftdiff.reporting.text import counted

PUBLISHED = (
    "Ground truth: published accuracies ({}). Nothing was fine-tuned here; they hold"
    " for the backbone that they were measured with."
)
QUOTED = (
    "weighted tau",
    "p",
    "p*",
    "verdict",
    "95 % interval",
    "reliability",
    "ceiling",
    "regret",
    "top 3",
    "static order",
    "parameter count",
    "random",
)
"""The words of the glossary that the page explains."""


def tau_page(
    correlation: pd.DataFrame,
    reliability: pd.DataFrame,
    summary: pd.DataFrame,
    n_configured: int = 0,
    published: str = "",
    judged: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> str:
    """Return the page that the main job ends with, as wide as a terminal.

    Parameters
    ----------
    correlation, reliability, summary
        Rows of correlation.csv, reliability.csv and summary.csv.
    n_configured
        How many methods there should be.
    published
        The name of the published table that the accuracies are from, if any.
    judged
        Rows of tasks.csv and of standings.csv: what the accuracies tell.
    """
    experiment = correlation["experiment"].iloc[0]
    n_methods = int(correlation["n_methods"].max())
    there = None if judged is None else with_accuracies(judged[0])
    meaning = there is None or says_something(there)
    verdicts = [] if there is None else list(there["verdict"])
    methods = (
        f"{n_methods} of {n_configured}" if n_configured > n_methods else n_methods
    )
    n_tasks = correlation["task"].nunique()
    told = () if judged is None else ("chance", "told apart")
    unsaid = "" if says_top_3(summary) else "top 3"
    texts = [
        *([PUBLISHED.format(published)] if published else []),
        *(
            _verdict_sentences(summary, n_methods, len(verdicts) or n_tasks)
            if meaning
            else [meaningless(verdicts)]
        ),
        *_fewer_tasks(summary, n_tasks),
        *_chance_sentence(float(correlation["null_sd"].max()), summary),
        _reliability_sentence(reliability),
    ]
    parts = [
        f"# Weighted tau with the ground truth: {experiment}, {methods} methods",
        _summary_table(summary),
        *_tau_tables(correlation),
        *([] if judged is None else _task_parts(*judged)),
        "\n".join(map(paragraph, texts)),
        "\n".join(
            paragraph(GLOSSARY[word]) for word in (*told, *QUOTED) if word != unsaid
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _summary_table(summary: pd.DataFrame) -> str:
    ends = zip(summary["ci_low"], summary["ci_high"], strict=True)
    columns: dict[str, Iterable[str]] = {
        "metric": summary["metric"],
        "mean": _texts(summary["mean_weighted_tau"], "+.2f", "n/a"),
        "p": map(_p_value, summary["p_value"]),
        "p*": map(_p_value, summary["p_value_shared_permutation"]),
        "95 %": [_interval(low, high) for low, high in ends],
        "reliab.": _texts(summary["reliability"], "+.2f"),
        "ceiling": _texts(summary["ceiling"], ".2f"),
        "regret": _texts(summary["regret_at_1"], ".1f"),
    }
    if says_top_3(summary):
        columns["top 3"] = _texts(100 * summary["top_3_hit_rate"], ".0f")
    return markdown(pd.DataFrame({name: list(c) for name, c in columns.items()}))


def _tau_tables(correlation: pd.DataFrame) -> list[str]:
    """Return tables of weighted tau, as many tasks beside one another as fit."""
    taus = correlation.pivot_table(
        "weighted_tau", "metric", "task", sort=False, dropna=False
    )
    shown = pd.DataFrame(
        {task: _texts(values, "+.2f", "undefined") for task, values in taus.items()}
    )

    def table(tasks: list[str]) -> str:
        own = shown[tasks]
        own.insert(0, "metric", list(taus.index))
        return markdown(own)

    tables: list[list[str]] = [[]]
    for task in taus.columns:
        if tables[-1] and table([*tables[-1], task]).index("\n") > WIDTH:
            tables.append([])
        tables[-1].append(task)
    return [table(tasks) for tasks in tables]


def _task_parts(tasks: pd.DataFrame, standings: pd.DataFrame) -> list[str]:
    """Return a table of what the accuracies tell, and a sentence for each task."""
    tasks = with_accuracies(tasks)
    known = tasks["chance"].notna().any()
    best = tasks["best"].mask(tasks["verdict"] == AT_CHANCE, "none").astype(str)
    columns: dict[str, Iterable[str]] = {"task": tasks["task"], "best": best}
    columns["accuracy"] = _texts(tasks["best_accuracy"], ".1f")
    if known:
        columns["guessing"] = _texts(tasks["chance"], ".1f")
        columns["majority"] = _texts(tasks["majority_share"], ".1f")
        columns["images"] = _texts(tasks["n_test_images"], ".0f")
        columns["beyond"] = _texts(tasks["n_beyond_chance"], ".0f")
    columns["may be best"] = _texts(tasks["n_among_best"], ".0f")
    columns["methods"] = _texts(tasks["n_methods"].astype(float), ".0f")
    shown = pd.DataFrame({name: list(cells) for name, cells in columns.items()})
    by_task = dict(list(standings.groupby("task", sort=False)))
    said = [
        paragraph(f"{row['task']}: {standing(row, by_task[row['task']])}")
        for row in tasks.to_dict("records")
    ]
    return [markdown(shown, ["best"]), "\n".join(said).replace("\u00a0", " ")]


def _verdict_sentences(
    summary: pd.DataFrame, n_methods: int, n_tasks: int
) -> Iterable[str]:
    """Yield what the table of means says of chance, a sentence for each verdict."""
    rivals = summary[~summary["metric"].isin(BASELINES)]
    if n_methods < 2 or (rivals["verdict"] == UNDECIDABLE).all():
        yield undecidable(rivals["smallest_p_value"].max(), n_methods, n_tasks)
        return
    by_verdict = rivals.groupby("verdict")["metric"].agg(", ".join)
    tried = counted(count_tried(summary), "metric")
    if not {BEYOND, UNCORRECTED_ONLY, UNDECIDABLE} & set(by_verdict.index):
        yield f"No metric is beyond chance ({tried} tried)."
    for verdict in (BEYOND, UNCORRECTED_ONLY, WORSE, UNDECIDABLE):
        if verdict in by_verdict:
            corrected = f", corrected for {tried}" if verdict == BEYOND else ""
            said = f"{verdict[0].upper()}{verdict[1:]}{corrected}"
            yield f"{said}: {by_verdict[verdict]}."


def _fewer_tasks(summary: pd.DataFrame, n_tasks: int) -> list[str]:
    """Say which means leave tasks out, if any does."""
    fewer = summary[summary["n_tasks"] < n_tasks]
    counts = zip(fewer["metric"], fewer["n_tasks"], strict=True)
    listed = ", ".join(f"{metric} {count} of {n_tasks}" for metric, count in counts)
    return [f"Defined on fewer tasks than there are: {listed}."] if listed else []


def _chance_sentence(null_sd: float, summary: pd.DataFrame) -> Iterable[str]:
    """Say how far chance takes a tau and a mean of taus."""
    if not null_sd > 0:
        return
    one = (
        "A random ranking's weighted tau has mean 0 and standard deviation"
        f" {null_sd:.2f} on one task"
    )
    random = summary[summary["metric"] == RANDOM]
    names = ["n_tasks", "null_sd", "null_sd_shared_permutation"]
    count, own, shared = random[names].astype(float).to_numpy()[0]
    if count < 2 or math.isnan(shared):
        yield f"{one}."
        return
    yield (
        f"{one}; on the mean of {count:.0f} tasks {own:.2f} if"
        f" each task has a random ranking of its own, and {shared:.2f} if one random"
        " order serves all tasks. Most metrics lie between: summary.csv has each one's"
        " own (null_sd_shared_permutation)."
    )


def _reliability_sentence(reliability: pd.DataFrame) -> str:
    halves = mean_reliability(reliability)
    if math.isnan(halves):
        return "The ground truth's reliability is unknown (see reliability.csv)."
    return (
        "Ground truth of one half of the seeds against that of the other half"
        f" (reliability): mean weighted tau {halves:+.2f}."
    )


def _texts(values: pd.Series, form: str, undefined: str = "") -> list[str]:
    return [undefined if math.isnan(value) else f"{value:{form}}" for value in values]


def _p_value(value: float) -> str:
    if math.isnan(value):
        return ""
    return "<.001" if value < 0.001 else f"{value:.3f}"


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"

"""The weighted taus as a page of text, for the terminal and the report."""

from __future__ import annotations

import math
import textwrap

import pandas as pd

from peftdiff.evaluation.correlation import RANDOM
from peftdiff.reporting.pages.markdown import WIDTH, markdown

SUMMARY = (
    *("metric", "mean", "p", "p*", "95 %", "self", "ceiling", "regret", "top-3"),
)
BASELINES = (
    "static (mean rank on the other tasks), parameter_count and random are baselines"
    " that look at no image."
)
PUBLISHED = (
    "Ground truth: published accuracies ({}). Nothing was fine-tuned here; they hold"
    " for the backbone that they were measured with."
)
LEGEND = (
    "mean: of the weighted tau over tasks. p: how often random rankings come as far"
    " from zero; p*: the same where one random order of the methods serves all tasks,"
    " the fair comparison for what ranks alike everywhere. 95 %: bootstrap interval"
    " over tasks. self: a metric's scores over one half of the seeds against those"
    " over the other half. ceiling: the weighted tau to which the noise of scores and"
    " accuracies limits a metric. regret: percentage points of accuracy lost by taking"
    " the first choice. top-3: percentage of tasks whose best method is among the"
    " first three."
)


def tau_page(
    correlation: pd.DataFrame,
    reliability: pd.DataFrame,
    summary: pd.DataFrame,
    n_configured: int = 0,
    published: str = "",
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
    """
    experiment = correlation["experiment"].iloc[0]
    n_methods = int(correlation["n_methods"].max())
    methods = (
        f"{n_methods} of {n_configured}" if n_configured > n_methods else n_methods
    )
    n_tasks = correlation["task"].nunique()
    texts = [
        *([PUBLISHED.format(published)] if published else []),
        *_fewer_tasks(summary, n_tasks),
        _chance_sentence(float(correlation["null_sd"].max()), summary, n_tasks),
        _reliability_sentence(reliability),
        BASELINES,
        LEGEND,
    ]
    parts = [
        f"# Weighted tau with the ground truth: {experiment}, {methods} methods",
        _summary_table(summary),
        *_tau_tables(correlation),
        "\n".join(textwrap.fill(text, WIDTH) for text in texts),
    ]
    return "\n\n".join(parts) + "\n"


def _summary_table(summary: pd.DataFrame) -> str:
    rows = [
        [
            str(row["metric"]),
            _number(row["mean_weighted_tau"], "+.2f") or "n/a",
            _p_value(row["p_value"]),
            _p_value(row["p_value_shared_permutation"]),
            _interval(row["ci_low"], row["ci_high"]),
            _number(row["reliability"], "+.2f"),
            _number(row["ceiling"], ".2f"),
            _number(row["regret_at_1"], ".1f"),
            _number(100 * row["top_3_hit_rate"], ".0f"),
        ]
        for row in summary.to_dict("records")
    ]
    return markdown(SUMMARY, rows)


def _tau_tables(correlation: pd.DataFrame) -> list[str]:
    """Return tables of weighted tau, as many tasks beside one another as fit."""
    taus = correlation.pivot_table(
        "weighted_tau", "metric", "task", sort=False, dropna=False
    )

    def table(tasks: list[str]) -> str:
        rows = [
            [
                str(metric),
                *(_number(row[task], "+.2f") or "undefined" for task in tasks),
            ]
            for metric, row in taus.to_dict("index").items()
        ]
        return markdown(["metric", *tasks], rows)

    tables: list[list[str]] = [[]]
    for task in taus.columns:
        if tables[-1] and table([*tables[-1], task]).index("\n") > WIDTH:
            tables.append([])
        tables[-1].append(task)
    return [table(tasks) for tasks in tables]


def _fewer_tasks(summary: pd.DataFrame, n_tasks: int) -> list[str]:
    """Say which means leave tasks out, if any does."""
    fewer = summary[summary["n_tasks"] < n_tasks]
    counts = zip(fewer["metric"], fewer["n_tasks"], strict=True)
    listed = ", ".join(f"{metric} {count} of {n_tasks}" for metric, count in counts)
    return [f"Defined on fewer tasks than there are: {listed}."] if listed else []


def _chance_sentence(null_sd: float, summary: pd.DataFrame, n_tasks: int) -> str:
    """Say how far chance takes a tau and a mean of taus."""
    one = (
        "A random ranking's weighted tau has mean 0 and standard deviation"
        f" {null_sd:.2f} on one task"
    )
    random = summary[summary["metric"] == RANDOM]
    count, shared = random[["n_tasks", "null_sd_shared_permutation"]].to_numpy()[0]
    if count < 2 or math.isnan(shared):
        return (
            f"{one}: within +-{2 * null_sd:.2f} it is not distinguishable from chance."
        )
    return (
        f"{one}; on the mean of {count:.0f} tasks {null_sd / math.sqrt(count):.2f} if"
        f" each task has a random ranking of its own, and {shared:.2f} if one random"
        " order serves all tasks. Most metrics lie between: summary.csv has each one's"
        " own deviation (null_sd_shared_permutation), and a mean within two of them is"
        " not distinguishable from chance."
    )


def _reliability_sentence(reliability: pd.DataFrame) -> str:
    halves = reliability["reliability"].mean()
    if math.isnan(halves):
        return "The ground truth's reliability is unknown (see reliability.csv)."
    return (
        "Ground truth of one half of the seeds against that of the other half"
        f" (reliability): mean weighted tau {halves:+.2f}."
    )


def _number(value: float, form: str) -> str:
    return "" if math.isnan(value) else f"{value:{form}}"


def _p_value(value: float) -> str:
    return "<.001" if value < 0.001 else _number(value, ".3f")


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"

"""All that the page speaks of: numbers and tables; the sentences are the template's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from peftdiff.evaluation.comparison import differ, different_pairs
from peftdiff.evaluation.correlation import RANDOM
from peftdiff.evaluation.derived import with_derived
from peftdiff.evaluation.first_choice import Choice, choices_of
from peftdiff.evaluation.summary import says_top_3
from peftdiff.reporting.figures.tables import tasks_by_group
from peftdiff.reporting.labels import order_tasks
from peftdiff.reporting.own_images import OwnImages, own_images
from peftdiff.reporting.standings import constant_answer, standing
from peftdiff.reporting.webpage import provenance, results, statistics, studies
from peftdiff.reporting.webpage.answer import Answer, answer, subject_of
from peftdiff.reporting.webpage.own_images import images_table, table_name
from peftdiff.reporting.webpage.tables import Table

Tables = Mapping[str, pd.DataFrame]
Rows = Sequence[Mapping[Any, Any]]


@dataclass(frozen=True)
class Comparison:
    """Whether the metrics differ: Friedman's test, and the pairs that Nemenyi's finds.

    `p_value` and `critical_difference` are NaN where there is no test.
    """

    p_value: float
    critical_difference: float
    n_tasks: int
    n_metrics: int
    differ: bool
    pairs: Rows


@dataclass(frozen=True)
class Task:
    """A task as its card shows it.

    Attributes
    ----------
    row
        Of tasks.csv.
    group
        Its group, or "".
    standing
        What fine-tuning says, in a sentence.
    constant
        What is right most often without an image, or "".
    choice
        What the subject takes.
    """

    row: Mapping[Any, Any]
    group: str
    standing: str
    constant: str
    choice: Choice


@dataclass(frozen=True)
class Page:
    """What the template needs.

    Attributes
    ----------
    experiment, subject
        Its name, and the metric that the page is about.
    answer, tasks
        Numbers of the opening, and what is said of each task, in order.
    tables
        By name, those that can be made.
    found
        The names of the experiment's tables that are there.
    comparison
        The test of the metrics against one another.
    has_taus
        Whether any ranking has a weighted tau on any task.
    null_sd
        Standard deviation of a random ranking's tau on one task.
    says_top_3
        Whether being among the first three says anything.
    poster_parts
        What the poster prints of the score's parts: score, weighted_tau.
    images
        What was read of the user's own images.
    """

    experiment: str
    subject: str
    answer: Answer
    tasks: Sequence[Task]
    tables: Mapping[str, Table]
    found: frozenset[str]
    comparison: Comparison
    has_taus: bool
    null_sd: float
    says_top_3: bool
    poster_parts: Rows
    images: Sequence[OwnImages]


def page_contents(
    tables: Tables,
    published: Tables,
    record: Mapping[str, Any],
    usage: pd.DataFrame | None = None,
) -> Page:
    """Return what the page says of an experiment.

    Parameters
    ----------
    tables
        By name: ground_truth, scores, correlation, reliability, summary, friedman,
        nemenyi, stability, and those of the studies that are there. Tables that
        follow from these are made where they are not given (`with_derived`).
    published
        By name: weighted_tau, averages, improvements, ablation, as the poster has them.
    record
        The experiment's provenance.
    usage
        Time and memory of the jobs, see `peftdiff.records.read_usage`.
    """
    found, tables = frozenset(tables), with_derived(tables)
    subject = subject_of(tables["summary"])
    shown = {
        **_main_tables(tables, published, subject),
        **_study_tables(tables),
        "provenance": provenance.provenance_table(record),
    }
    images = own_images(record)
    shown |= {table_name(own): images_table(own) for own in images}
    if usage is not None and len(usage):
        shown["jobs"] = provenance.jobs_table(usage)
    return Page(
        experiment=str(tables["ground_truth"]["experiment"].iloc[0]),
        subject=subject,
        answer=answer(tables, record.get("config", {})),
        tasks=_tasks(tables, subject),
        tables={name: table for name, table in shown.items() if table is not None},
        found=found,
        comparison=_comparison(tables["friedman"], tables["nemenyi"]),
        has_taus=bool(
            tables["correlation"]
            .loc[tables["correlation"]["metric"] != RANDOM, "weighted_tau"]
            .notna()
            .any()
        ),
        null_sd=float(tables["correlation"]["null_sd"].max()),
        says_top_3=says_top_3(tables["summary"]),
        poster_parts=published["ablation"].to_dict("records"),
        images=images,
    )


def _tasks(tables: Tables, subject: str) -> list[Task]:
    """Return what is said of each task, in the order of tasks."""
    chosen = {c.task: c for c in choices_of(tables["first_choices"], subject)}
    rows = {row["task"]: row for row in tables["tasks"].to_dict("records")}
    standings = tables["standings"]
    # A task without anything to say is named among the missing ones.
    rows = {t: r for t, r in rows.items() if r["n_methods"] or chosen[t].first}
    return [
        Task(
            row=rows[task],
            group="" if pd.isna(rows[task]["group"]) else str(rows[task]["group"]),
            standing=standing(rows[task], standings[standings["task"] == task]),
            constant=constant_answer(rows[task]),
            choice=chosen[task],
        )
        for task in order_tasks(rows)
    ]


def _main_tables(
    tables: Tables, published: Tables, subject: str
) -> dict[str, Table | None]:
    correlation, truth = tables["correlation"], tables["ground_truth"]
    return {
        "tau": results.tau_table(correlation, tables["summary"]),
        "regret": results.regret_table(tables["first_choices"], tables["summary"]),
        "gains": results.gains_table(correlation, subject, published["improvements"]),
        "poster": results.poster_table(
            published["weighted_tau"], published["averages"]
        ),
        "accuracy": results.accuracy_table(truth, tables["standings"], tables["tasks"]),
        "summary": statistics.summary_table(tables["summary"]),
        "friedman": statistics.friedman_table(tables["friedman"]),
        "reliability": statistics.reliability_table(tables["reliability"]),
        "stability": statistics.stability_table(tables["stability"]),
    }


def _study_tables(tables: Tables) -> dict[str, Table | None]:
    """Return the tables of those studies that were made."""
    groups = tasks_by_group(tables["ground_truth"])
    shown = {"seconds": studies.seconds_table(tables["scores"])}
    if "ablation" in tables:
        shown["ablation"] = studies.ablation_table(tables["ablation"], groups)
    if "grid_choice" in tables:
        shown["grid_chance"] = studies.chance_table(tables["grid_choice"])
        shown["grid"] = studies.grid_table(tables["grid_choice"], groups)
    if "choices" in tables:
        shown["choices"] = studies.choices_table(tables["choices"])
    if "timing" in tables:
        shown["times"] = studies.times_table(tables["times"], tables["timing"])
    if "complexity" in tables:
        shown["complexity"] = studies.complexity_table(tables["complexity"], groups)
    return dict(shown)


def _comparison(friedman: pd.DataFrame, nemenyi: pd.DataFrame) -> Comparison:
    first = friedman.iloc[0]
    return Comparison(
        p_value=float(first["p_value"]),
        critical_difference=float(first["critical_difference"]),
        n_tasks=int(first["n_tasks"]),
        n_metrics=int(first["n_metrics"]),
        differ=differ(friedman),
        pairs=different_pairs(nemenyi, friedman).to_dict("records"),
    )

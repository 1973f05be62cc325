"""All that the page says, section by section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from peftdiff.evaluation.first_choice import choices
from peftdiff.reporting.labels import metric_label
from peftdiff.reporting.webpage import evidence, results, studies
from peftdiff.reporting.webpage.answer import Answer, answer, subject_of
from peftdiff.reporting.webpage.by_task import groups_of
from peftdiff.reporting.webpage.cards import Card, cards
from peftdiff.reporting.webpage.cells import Column, Row, Table, counts, numeric, word
from peftdiff.reporting.webpage.glossary import GLOSSARY
from peftdiff.reporting.webpage.origin import jobs_table, provenance_table

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Block:
    """A heading and what stands below it; `missing` are tables that are not there.

    A block that is `folded` opens on demand.
    """

    title: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[str] = ()
    missing: Sequence[str] = ()
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page that its menu names."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """The whole page."""

    experiment: str
    subject: str
    answer: Answer
    cards: Sequence[Card]
    sections: Sequence[Section]
    glossary: Sequence[tuple[str, str]] = field(default=GLOSSARY)


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
        nemenyi, stability, and those of the studies that are there.
    published
        By name: weighted_tau, averages, improvements, ablation, as the poster has them.
    record
        The experiment's provenance.
    usage
        Time and memory of the jobs, see `jobs_table`.
    """
    truth = tables["ground_truth"]
    subject = subject_of(tables["summary"])
    chosen = choices(tables["scores"], truth, subject)
    labels = pd.concat([truth, tables["scores"]])[["task", "group"]]
    labels = labels.drop_duplicates("task").fillna({"group": ""})
    groups = dict(zip(labels["task"], labels["group"], strict=True))
    return Page(
        experiment=str(truth["experiment"].iloc[0]),
        subject=metric_label(subject),
        answer=answer(tables, record.get("config", {})),
        cards=cards(chosen, groups, subject),
        sections=[
            Section("ranking", "Weighted tau", _ranking(tables, published, subject)),
            Section("accuracies", "Accuracies", _accuracies(tables)),
            Section("trust", "How far to trust it", _trust(tables)),
            Section("studies", "Studies", _studies(tables, published)),
            Section("origin", "Where it comes from", _origin(record, usage)),
        ],
    )


def _ranking(tables: Tables, published: Tables, subject: str) -> list[Block]:
    correlation = tables["correlation"]
    gains = results.gain_rows(correlation, subject, published["improvements"])
    blocks = [
        Block(
            "Does a metric rank the methods as fine-tuning does?",
            tables=[results.tau_table(correlation)],
            figures=["tau"],
        ),
        Block(
            "What does its first choice lose?",
            tables=[results.regret_table(tables["scores"], tables["ground_truth"])],
        ),
        Block(
            "The poster's numbers, for comparison",
            tables=[
                results.poster_table(published["weighted_tau"], published["averages"])
            ],
            folded=True,
        ),
    ]
    if len(gains):
        title = f"{metric_label(subject)} against each other metric"
        blocks.insert(2, Block(title, tables=[_gains(gains, subject)], folded=True))
    return blocks


def _gains(gains: pd.DataFrame, subject: str) -> Table:
    rows = [
        Row(
            [
                word(metric_label(str(metric))),
                numeric(row["difference"]),
                numeric(row["percent"], 1, "no ratio: an average is not above zero"),
                numeric(row["printed"], 2, "not on the poster"),
                counts(row["n_tasks"]),
            ]
        )
        for metric, row in gains.iterrows()
    ]
    columns = (
        Column("Metric"),
        Column("Difference", hint="of the mean weighted taus"),
        Column("Improvement, %", hint="ratio of the means, less one"),
        Column("Poster, %", hint="as printed, on VTAB-1k"),
        Column("Tasks", hint="where both are defined"),
    )
    caption = f"Mean weighted tau of {metric_label(subject)} less that of each other"
    # A note explains an empty cell only; a number needs none.
    return Table("gains", caption, columns, [_without_notes(row) for row in rows])


def _without_notes(row: Row) -> Row:
    return Row([replace(c, note="" if c.text else c.note) for c in row.cells], row.kind)


def _accuracies(tables: Tables) -> list[Block]:
    return [
        Block(
            "What fine-tuning says",
            tables=[results.accuracy_table(tables["ground_truth"])],
            figures=["accuracy", "scores"],
        ),
        Block("What the embeddings look like", figures=["diffusion_map"]),
    ]


def _trust(tables: Tables) -> list[Block]:
    friedman, nemenyi = tables["friedman"], tables["nemenyi"]
    said = [
        evidence.friedman_sentence(friedman),
        evidence.pairs_sentence(nemenyi, friedman),
    ]
    return [
        Block(
            "Each metric beside chance",
            tables=[evidence.summary_table(tables["summary"])],
        ),
        Block(
            "The metrics beside one another",
            text=[text for text in said if text],
            tables=[evidence.friedman_table(friedman)],
            figures=["critical_difference"],
        ),
        Block(
            "Are the accuracies repeatable?",
            tables=[evidence.reliability_table(tables["reliability"])],
        ),
        Block(
            "Does it hinge on one method?",
            tables=[evidence.stability_table(tables["stability"])],
            folded=True,
        ),
    ]


def _studies(tables: Tables, published: Tables) -> list[Block]:
    groups = groups_of(tables["ground_truth"])
    found: dict[str, list[Table]] = {}
    said: dict[str, list[str]] = {}
    if "ablation" in tables:
        found["ablation"] = [studies.ablation_table(tables["ablation"], groups)]
        said["ablation"] = [studies.ablation_sentence(published["ablation"])]
    if "grid_choice" in tables:
        choice = tables["grid_choice"]
        found["grid"] = [
            studies.chance_table(choice),
            studies.grid_table(choice, groups),
        ]
    if "choices" in tables:
        found["choices"] = [studies.choices_table(tables["choices"])]
    found["timing"] = [studies.seconds_table(tables["scores"])]
    if "timing" in tables:
        found["timing"].insert(0, studies.times_table(tables["timing"]))
    if "complexity" in tables:
        found["complexity"] = [studies.complexity_table(tables["complexity"], groups)]
    return [
        Block(
            title,
            said.get(name, []),
            found.get(name, []),
            figures,
            [table for table in needed if table not in tables],
        )
        for name, (title, figures, needed) in STUDIES.items()
    ]


STUDIES: dict[str, tuple[str, list[str], list[str]]] = {
    "ablation": ("What do its parts say alone?", ["ablation"], ["ablation"]),
    "grid": (
        "What do its settings matter?",
        ["grid_curves", "grid_maps"],
        ["grid", "grid_choice"],
    ),
    "choices": (
        "What do the choices of its definition matter?",
        ["choices", "start_seeds"],
        ["choices"],
    ),
    "timing": ("What does it cost?", ["times"], ["timing"]),
    "complexity": ("How complex are the embeddings?", ["scree"], ["complexity"]),
}


def _origin(record: Mapping[str, Any], usage: pd.DataFrame | None) -> list[Block]:
    blocks = [Block("What made these numbers", tables=[provenance_table(record)])]
    if usage is not None and len(usage):
        blocks.append(Block("Run times", tables=[jobs_table(usage)]))
    else:
        text = "The times of single jobs are not kept with these results."
        blocks.append(Block("Run times", text=[text]))
    return blocks

"""Where the numbers come from: provenance, and the times of the jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from peftdiff.config import FINE_TUNE
from peftdiff.evaluation.published import source_label
from peftdiff.reporting.webpage.cells import (
    Column,
    Row,
    Table,
    counts,
    listed,
    numeric,
    word,
)


def provenance_table(record: Mapping[str, Any]) -> Table:
    """Return provenance.json in a few lines; what it lacks is left out."""
    machine = record.get("machine", {})
    packages = record.get("packages", {})
    seeds = [listed(map(str, record.get(f"{kind}_seeds", []))) for kind in _SEEDS]
    lines = {
        "Date": record.get("date", ""),
        "Code": record.get("git_revision", ""),
        "Configuration": record.get("config_digest", ""),
        **dict(zip(_SEEDS.values(), seeds, strict=True)),
        "Accuracies": _published(record.get("ground_truth_source", FINE_TUNE)),
        "Fine-tuned on": listed(record.get("devices", [])),
        "Machine": ", ".join(
            f"{machine[key]}{' cores' if key == 'cores' else ''}"
            for key in _MACHINE
            if machine.get(key)
        ),
        "Python": machine.get("python", ""),
        "Packages": ", ".join(f"{name} {packages[name]}" for name in packages),
    }
    rows = [Row([word(name), word(text)]) for name, text in lines.items() if text]
    columns = (Column("What"), Column("Which"))
    return Table("provenance", "Provenance", columns, rows, sortable=False)


def _published(source: str) -> str:
    return "" if source == FINE_TUNE else f"published: {source_label(source)}"


_MACHINE = ("system", "architecture", "processor", "instructions", "cores")
_SEEDS = {"source": "Seeds of source training", "ground_truth": "Seeds of fine-tuning"}


def jobs_table(usage: pd.DataFrame) -> Table:
    """Return time and memory of the jobs, by rule.

    Parameters
    ----------
    usage
        A row a job: rule, job, seconds, megabytes (the most at a time).
    """
    rows = []
    for rule, jobs in usage.groupby("rule", sort=True):
        rows.append(
            Row(
                [
                    word(rule),
                    counts(len(jobs)),
                    numeric(jobs["seconds"].sum() / 60, 1),
                    numeric(jobs["seconds"].max() / 60, 1),
                    numeric(jobs["megabytes"].max(), 0, note="not measured"),
                ]
            )
        )
    columns = (
        Column("Rule"),
        Column("Jobs"),
        Column("Minutes", hint="of all its jobs"),
        Column("Longest", hint="minutes of the longest job"),
        Column("Memory, MB", hint="the most that one of its jobs held"),
    )
    legend = "The last run of each job; a job that found finished work is short."
    return Table("jobs", "Time and memory of the jobs", columns, rows, legend)

"""Where the numbers come from: provenance, and the times of the jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from peftdiff.config import FINE_TUNE
from peftdiff.evaluation.published import source_label
from peftdiff.reporting.provenance import usage_by_rule
from peftdiff.reporting.text import listed
from peftdiff.reporting.webpage.tables import Column, Table, decimals, make_table

MACHINE = ("system", "architecture", "processor", "instructions", "cores")
SEEDS = {"source": "Seeds of source training", "ground_truth": "Seeds of fine-tuning"}


def provenance_table(record: Mapping[str, Any]) -> Table:
    """Return provenance.json in a few lines; what it lacks is left out."""
    machine, packages = record.get("machine", {}), record.get("packages", {})
    source = record.get("ground_truth_source", FINE_TUNE)
    published = "" if source == FINE_TUNE else f"published: {source_label(source)}"
    lines = {
        "Date": record.get("date", ""),
        "Code": record.get("git_revision", ""),
        "Configuration": record.get("config_digest", ""),
        **{
            name: listed(map(str, record.get(f"{kind}_seeds", [])))
            for kind, name in SEEDS.items()
        },
        "Accuracies": published,
        "Fine-tuned on": listed(record.get("devices", [])),
        "Machine": ", ".join(
            f"{machine[key]}{' cores' if key == 'cores' else ''}"
            for key in MACHINE
            if machine.get(key)
        ),
        "Python": machine.get("python", ""),
        "Packages": ", ".join(f"{name} {packages[name]}" for name in packages),
    }
    known = {name: str(text) for name, text in lines.items() if text}
    frame = pd.DataFrame({"what": list(known), "which": list(known.values())})
    columns = (Column("what", "What"), Column("which", "Which"))
    return make_table("provenance", frame, columns, sortable=False)


def jobs_table(usage: pd.DataFrame) -> Table:
    """Return time and memory of the jobs, by rule.

    Parameters
    ----------
    usage
        A row per job: rule, job, seconds, megabytes (the most at a time).
    """
    columns = (
        Column("rule", "Rule"),
        Column("jobs", "Jobs", decimals(0)),
        Column("minutes", "Minutes", decimals(1), hint="The minutes of all its jobs."),
        Column("longest", "Longest", decimals(1), hint="Minutes of the longest job."),
        Column(
            "megabytes",
            "Memory, MB",
            decimals(0),
            hint="The most that one of its jobs held.",
            missing="not measured",
        ),
    )
    return make_table("jobs", usage_by_rule(usage), columns)

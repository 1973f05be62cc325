"""Where results come from: configuration, code, packages, machine, date."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd

from peftdiff.config import FINE_TUNE
from peftdiff.runtime import digest

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "torch", "timm", "matplotlib")


def provenance(config: Mapping[str, Any], devices: Sequence[str]) -> dict[str, Any]:
    """Return what a reader needs to judge and to repeat an experiment's results."""
    return {
        "experiment": config["experiment"],
        "config_digest": digest(dict(config)),
        "source_seeds": config["source"]["seeds"],
        **_ground_truth(config["ground_truth"]),
        "git_revision": git_revision(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "devices": list(devices),
        "machine": describe_machine(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "config": config,
    }


def _ground_truth(truth: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the accuracies are from; published ones have no seeds."""
    source = truth["source"]
    seeds = truth["seeds"] if source == FINE_TUNE else []
    return {"ground_truth_source": source, "ground_truth_seeds": seeds}


def git_revision() -> str:
    """Return the code's revision, "+changes" where files differ, or "unknown"."""
    try:
        revision = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return revision + ("+changes" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def describe_machine() -> dict[str, Any]:
    """Return what a reader needs to judge times, and why last digits may differ."""
    extensions: Any = (np.show_config(mode="dicts") or {}).get("SIMD Extensions", {})
    instructions = extensions.get("found") or extensions.get("baseline") or ["unknown"]
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": processor(),
        "instructions": instructions[-1],
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }


def processor() -> str:
    """Return the processor's model name, which Linux tells in a file."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def usage_by_rule(usage: pd.DataFrame) -> pd.DataFrame:
    """Return what the jobs of each rule took.

    Parameters
    ----------
    usage
        Of `peftdiff.records.read_usage`: a row per job.

    Returns
    -------
    DataFrame
        Columns rule, jobs (their number), minutes (of all), longest (minutes of one),
        megabytes (the most that one held).
    """
    jobs = usage.groupby("rule", sort=True)
    table = pd.DataFrame(
        {
            "jobs": jobs.size(),
            "minutes": jobs["seconds"].sum() / 60,
            "longest": jobs["seconds"].max() / 60,
            "megabytes": jobs["megabytes"].max(),
        }
    )
    return table.reset_index()

"""What of an experiment is done and what is left, from the run store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from peftdiff.models.device import Setting, allowed_settings
from peftdiff.stages.experiment import experiment_plans
from peftdiff.stages.plan import STAGE_VERSIONS

Config = Mapping[str, Any]
Checksums = Mapping[str, Mapping[str, str]]

UNKNOWN = "not measured yet"


def setting_in_use(
    config: Config, checksums: Checksums, keys: Collection[str]
) -> Setting:
    """Return the setting, of those that the configuration allows, that most runs have.

    Parameters
    ----------
    checksums
        The checksums of the images, by name and split; empty where they are not there
        yet.
    keys
        The keys of the runs in the store, whichever machine made them.
    """

    def found(setting: Setting) -> int:
        plans = experiment_plans(config, checksums, setting)
        return sum(plan.key in keys for plan in plans)

    return max(allowed_settings(config["device"], config["precision"]), key=found)


def runs_by_stage(
    config: Config,
    checksums: Checksums,
    setting: Setting,
    results: Mapping[str, Mapping[str, Any]],
    in_progress: Collection[str],
) -> pd.DataFrame:
    """Return how many runs each stage of the main job has, and what they take.

    Parameters
    ----------
    results
        The results of the finished runs, by key: `train_seconds`, the `accuracy` of a
        selection, and what NOAH's search has found.
    in_progress
        The keys of the runs that have begun and are not finished.

    Returns
    -------
    DataFrame
        Columns stage, runs, done, begun, left (with those begun), seconds_done (their
        sum), median_seconds and seconds_left (empty where no run of the stage is done).
    """
    plans = experiment_plans(config, checksums, setting, studies=False, results=results)
    rows = []
    for stage in STAGE_VERSIONS:
        keys = [plan.key for plan in plans if plan.stage == stage]
        if not keys:
            continue
        done = [results[key]["train_seconds"] for key in keys if key in results]
        left = len(keys) - len(done)
        median = pd.Series(done, dtype=float).median()
        rows.append(
            {
                "stage": stage,
                "runs": len(keys),
                "done": len(done),
                "begun": sum(key in in_progress for key in keys),
                "left": left,
                "seconds_done": sum(done),
                "median_seconds": median,
                "seconds_left": left * median if left else 0.0,
            }
        )
    return pd.DataFrame(rows)


def status_page(experiment: str, setting: Setting, stages: pd.DataFrame) -> str:
    """Return the status as text: a line per stage, and the hours in all."""
    started = stages[["done", "begun"]].to_numpy().any()
    where = f" on {setting.device} with {setting.precision}" if started else ""
    table = stages.assign(
        median=[_time(seconds) for seconds in stages["median_seconds"]],
        time_left=[_time(seconds) for seconds in stages["seconds_left"]],
    )
    columns = ["stage", "runs", "done", "begun", "left", "median", "time_left"]
    hours = "GPU hours" if setting.device == "cuda" and started else "hours"
    unknown = stages.loc[stages["seconds_left"].isna(), "stage"]
    besides = f" and what {', '.join(unknown)} will take" if len(unknown) else ""
    return (
        f"Training runs of {experiment}{where}\n"
        f"{table[columns].to_string(index=False)}\n"
        f"Done: {_hours(stages['seconds_done'])} {hours}. Left, one run at a time:"
        f" {_hours(stages['seconds_left'])} {hours}{besides}.\n"
        "Preparing, embedding and scoring come on top."
    )


def _hours(seconds: pd.Series[float]) -> str:
    return f"{seconds.sum() / 3600:.1f}"


def _time(seconds: float) -> str:
    if pd.isna(seconds):
        return UNKNOWN
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

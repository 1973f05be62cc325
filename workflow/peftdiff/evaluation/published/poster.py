"""The poster's averages, improvements and speed-ups, computed again from its numbers.

What is printed was rounded, and so were the numbers it is made of. So each value comes
with the range that this rounding allows, and with a word on how the printed one relates
to it (`printed_as`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

OURS = "peftdiff"

# Half a unit of the last digit in which the poster prints a number.
HALF_TAU, HALF_MINUTES, HALF_FINE_TUNING = 0.0005, 0.005, 0.05
TAU_DECIMALS, OTHER_DECIMALS = 3, 2
NEGLIGIBLE = 1e-9

ZERO = "a ratio to an average that may be zero or less means nothing"
NO_TASKS = "the poster gives no values per task"


class PosterTables(NamedTuple):
    """The poster's tables as printed.

    `taus` has metric, task, group, weighted_tau; `averages` metric, group ("all" for
    all tasks), weighted_tau; `improvements` metric, percent; `timing` group ("total"),
    peftdiff_minutes, fine_tuning_minutes, speed_up; `ablation` score, weighted_tau.
    """

    taus: pd.DataFrame
    averages: pd.DataFrame
    improvements: pd.DataFrame
    timing: pd.DataFrame
    ablation: pd.DataFrame


class Value(NamedTuple):
    """A number and the range that the rounding of its inputs allows."""

    value: float
    low: float
    high: float


UNDEFINED = Value(math.nan, math.nan, math.nan)


def recompute(tables: PosterTables) -> pd.DataFrame:
    """Return what the poster prints beside what its own numbers give.

    Returns
    -------
    DataFrame
        Columns quantity, name, group, n_tasks, printed, recomputed, low, high (the
        range that rounding allows), printed_as, note. The quantities: `average` of the
        taus over tasks; `improvement`, the ratio of printed averages less one, percent;
        `improvement_from_tasks`, the same from the taus on the tasks that both metrics
        have; `speed_up`; `ablation`.
    """
    taus, averages, improvements, timing, ablation = tables
    return pd.DataFrame(
        [
            *_averages(taus, averages),
            *_improvements(averages, improvements, taus),
            *_improvements_from_tasks(taus, improvements),
            *_speed_ups(timing),
            *_ablation(taus, ablation),
        ]
    ).astype({"n_tasks": "Int64"})


def printed_as(printed: float, found: Value, decimals: int) -> str:
    """Say how a printed number relates to the one computed again.

    Returns
    -------
    str
        `rounded`, `truncated`, or `rounded or truncated` where both give the printed
        number; `inputs rounded` where only another value within the range does;
        `not explained` where none does; empty where there is nothing to compare.
    """
    if math.isnan(found.value):
        return ""
    unit = 10.0**-decimals
    sign = math.copysign(1, found.value)
    lost = sign * (found.value - printed)
    ways = {
        "rounded": abs(lost) <= unit / 2 + NEGLIGIBLE,
        "truncated": -NEGLIGIBLE <= lost < unit - NEGLIGIBLE,
    }
    if any(ways.values()):
        return " or ".join(way for way, fits in ways.items() if fits)
    # Rounding moves a number by half a unit at most, truncation by one unit to zero.
    low, high = printed - unit / 2, printed + unit / 2
    low, high = (low, printed + unit) if sign > 0 else (printed - unit, high)
    reached = found.low <= high + NEGLIGIBLE and found.high >= low - NEGLIGIBLE
    return "inputs rounded" if reached else "not explained"


def _averages(taus: pd.DataFrame, printed: pd.DataFrame) -> Iterable[dict[str, object]]:
    for row in printed.to_dict("records"):
        mean, count, note = _mean(taus, row["metric"], row["group"])
        yield _row(
            quantity="average",
            name=row["metric"],
            group=row["group"],
            n_tasks=count,
            printed=row["weighted_tau"],
            found=mean,
            decimals=TAU_DECIMALS,
            note=note,
        )


def _mean(
    taus: pd.DataFrame, metric: str, group: str = "all"
) -> tuple[Value, int, str]:
    """Return a metric's mean tau over a group, the number of tasks, and a note."""
    chosen = taus[taus["metric"] == metric]
    if group != "all":
        chosen = chosen[chosen["group"] == group]
    empty = chosen.loc[chosen["weighted_tau"].isna(), "task"]
    defined = chosen["weighted_tau"].dropna()
    if defined.empty:
        return UNDEFINED, 0, NO_TASKS
    note = f"no value on {', '.join(empty)}" if len(empty) else ""
    mean = float(defined.mean())
    return Value(mean, mean - HALF_TAU, mean + HALF_TAU), len(defined), note


def _improvements(
    averages: pd.DataFrame, printed: pd.DataFrame, taus: pd.DataFrame
) -> Iterable[dict[str, object]]:
    """Yield the improvements as the poster has them: from its printed averages."""
    overall = averages[averages["group"] == "all"].set_index("metric")["weighted_tau"]
    counts = taus.dropna(subset="weighted_tau").groupby("metric")["task"].count()
    for row in printed.to_dict("records"):
        found = _improvement(overall.get(OURS), overall.get(row["metric"]))
        ours, theirs = counts.get(OURS, 0), counts.get(row["metric"], 0)
        note = ""
        if ours != theirs:
            note = f"{OURS}'s average runs over {ours} tasks"
        yield _row(
            quantity="improvement",
            name=row["metric"],
            group="all",
            n_tasks=theirs,
            printed=row["percent"],
            found=found,
            decimals=OTHER_DECIMALS,
            note=ZERO if found is UNDEFINED else note,
        )


def _improvements_from_tasks(
    taus: pd.DataFrame, printed: pd.DataFrame
) -> Iterable[dict[str, object]]:
    """Yield the improvements on the tasks where both metrics have a tau."""
    table = taus.pivot_table("weighted_tau", "task", "metric", sort=False)
    for row in printed.to_dict("records"):
        shared = table.reindex(columns=[OURS, row["metric"]]).dropna()
        ours, theirs = shared.mean()
        found = _improvement(ours, theirs) if len(shared) else UNDEFINED
        note = ZERO if found is UNDEFINED else ""
        yield _row(
            quantity="improvement_from_tasks",
            name=row["metric"],
            group="all",
            n_tasks=len(shared),
            printed=row["percent"],
            found=found,
            decimals=OTHER_DECIMALS,
            note=note if len(shared) else NO_TASKS,
        )


def _speed_ups(timing: pd.DataFrame) -> Iterable[dict[str, object]]:
    for row in timing.to_dict("records"):
        found = _ratio(
            row["fine_tuning_minutes"],
            HALF_FINE_TUNING,
            row["peftdiff_minutes"],
            HALF_MINUTES,
        )
        yield _row(
            quantity="speed_up",
            name=OURS,
            group=row["group"],
            n_tasks=pd.NA,
            printed=row["speed_up"],
            found=found,
            decimals=OTHER_DECIMALS,
            note="",
        )


def _ablation(
    taus: pd.DataFrame, ablation: pd.DataFrame
) -> Iterable[dict[str, object]]:
    for row in ablation.to_dict("records"):
        combined = row["score"] == "combined"
        mean, count, note = _mean(taus, OURS) if combined else (UNDEFINED, 0, NO_TASKS)
        yield _row(
            quantity="ablation",
            name=row["score"],
            group="all",
            n_tasks=count if count else pd.NA,
            printed=row["weighted_tau"],
            found=mean,
            decimals=TAU_DECIMALS,
            note=note,
        )


def _improvement(ours: float | None, theirs: float | None) -> Value:
    """Return by how many percent one average tau exceeds another."""
    if ours is None or theirs is None:
        return UNDEFINED
    ratio = _ratio(ours, HALF_TAU, theirs, HALF_TAU)
    return ratio if ratio is UNDEFINED else Value._make(100 * (r - 1) for r in ratio)


def _ratio(top: float, half_top: float, bottom: float, half_bottom: float) -> Value:
    """Return a ratio of two rounded positive numbers, undefined for any others."""
    if not (top > half_top and bottom > half_bottom):
        return UNDEFINED
    return Value(
        top / bottom,
        (top - half_top) / (bottom + half_bottom),
        (top + half_top) / (bottom - half_bottom),
    )


def _row(
    quantity: str,
    name: object,
    group: object,
    n_tasks: object,
    printed: float,
    found: Value,
    decimals: int,
    note: str,
) -> dict[str, object]:
    return {
        "quantity": quantity,
        "name": name,
        "group": group,
        "n_tasks": n_tasks,
        "printed": printed,
        "recomputed": found.value,
        "low": found.low,
        "high": found.high,
        "printed_as": printed_as(printed, found, decimals),
        "note": note,
    }

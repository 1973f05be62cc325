"""The statistics: how far the weighted taus, and the accuracies, can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from peftdiff.evaluation import verdict as chance
from peftdiff.evaluation.correlation import RANDOM
from peftdiff.evaluation.replicates import BASELINES
from peftdiff.reporting.labels import method_label as method_name
from peftdiff.reporting.labels import metric_label, order_methods, task_label
from peftdiff.reporting.webpage.cells import (
    Cell,
    Column,
    Row,
    Table,
    counted,
    counts,
    interval,
    listed,
    number,
    numeric,
    p_value,
    places,
    word,
)

SUMMARY = (
    Column("Metric"),
    Column("Mean tau", hint="mean weighted tau over the tasks where it is defined"),
    Column("95 % interval", hint="bootstrap over tasks"),
    Column("p", hint="random rankings, another one on each task"),
    Column(
        "p, one order", hint="one random ranking for all tasks: the fair comparison"
    ),
    Column("Verdict", hint="the larger p, corrected for the number of metrics tried"),
    Column(
        "Reliability",
        hint="a metric's scores over one half of the seeds against"
        " those over the other",
    ),
    Column("Ceiling", hint="the tau to which noise limits the metric"),
    Column("Points lost", hint="accuracy lost by the first choice, on average"),
    Column(
        "Best in top 3",
        hint="percent of tasks whose best method is among the first three choices",
    ),
    Column("Tasks", hint="where the weighted tau is defined"),
)


def summary_table(summary: pd.DataFrame) -> Table:
    """Return what each metric achieves over all tasks, and how sure that is."""
    found = chance.verdicts(summary)
    rivals = summary[~summary["metric"].isin(BASELINES)].set_index("metric")
    marks = places(rivals["mean_weighted_tau"].to_dict())
    rows = []
    for row in summary.to_dict("records"):
        metric, note = row["metric"], _text(row["note"])
        if metric == RANDOM:
            rows.append(Row(_random(row), "baseline"))
            continue
        verdict = found["verdict"].get(metric, "")
        cells = [
            word(metric_label(metric)),
            _mean(row["mean_weighted_tau"], note, marks.get(metric, "")),
            _interval(row, note),
            _p(row["p_value"], note),
            _p(row["p_value_shared_permutation"], note),
            word(verdict),
            *(_or_note(row[c], note) for c in ("reliability", "ceiling")),
            _or_note(row["regret_at_1"], note, 1),
            _or_note(100 * row["top_3_hit_rate"], note, 0),
            counts(row["n_tasks"]),
        ]
        rows.append(Row(cells, "baseline" if metric in BASELINES else ""))
    return Table(
        "summary",
        "How far each metric's mean weighted tau can be trusted",
        SUMMARY,
        rows,
        "Rows in italics look at no image; Random shows expected values.",
    )


def _random(row: Mapping[Any, Any]) -> list[Cell]:
    """Return what chance is expected to achieve; the rest does not apply to it."""
    blank = Cell("")
    return [
        word(metric_label(RANDOM)),
        numeric(row["mean_weighted_tau"]),
        *[blank] * 6,
        numeric(row["regret_at_1"], 1),
        numeric(100 * row["top_3_hit_rate"], 0),
        counts(row["n_tasks"]),
    ]


def friedman_table(friedman: pd.DataFrame) -> Table:
    """Return the metrics' mean ranks within tasks."""
    best = friedman["mean_rank"].min()
    rows = []
    for row in friedman.to_dict("records"):
        gap = row["mean_rank"] - best
        near = gap <= row["critical_difference"]
        unknown = pd.isna(gap) or pd.isna(row["critical_difference"])
        note = "" if pd.isna(row["note"]) else str(row["note"])
        cells = [
            word(metric_label(row["metric"])),
            numeric(row["mean_rank"], 2, note if pd.isna(row["mean_rank"]) else ""),
            word("" if unknown else "no" if near else "yes"),
        ]
        rows.append(Row(cells, "baseline" if row["metric"] in BASELINES else ""))
    columns = (
        Column("Metric"),
        Column("Mean rank", hint="of its tau within a task; 1 is the best"),
        Column("Told from the best?", hint="beyond the critical difference (Nemenyi)"),
    )
    return Table("friedman", "Mean rank of every metric over the tasks", columns, rows)


def friedman_sentence(friedman: pd.DataFrame) -> str:
    """Say whether the metrics differ at all, and which pairs do."""
    row = friedman.iloc[0]
    if pd.isna(row["p_value"]):
        return "There is no test of the metrics against one another (too few of them)."
    differ = row["p_value"] <= chance.LEVEL
    found = "The metrics differ" if differ else "No difference between them shows"
    text = (
        f"{found} (Friedman's test, p {_relation(row['p_value'])},"
        f" {counted(int(row['n_tasks']), 'task')},"
        f" {counted(int(row['n_metrics']), 'metric')})."
    )
    if not differ:
        return f"{text} So their order below means nothing."
    return (
        f"{text} Two of them differ where their mean ranks are more than"
        f" {number(row['critical_difference'], 1)} apart."
    )


def pairs_sentence(nemenyi: pd.DataFrame, friedman: pd.DataFrame) -> str:
    """Say which pairs of metrics differ; nothing where all together do not."""
    if friedman.empty or not friedman["p_value"].iloc[0] <= chance.LEVEL:
        return ""
    pairs = nemenyi[nemenyi["p_value"] <= chance.LEVEL]
    if pairs.empty:
        return "No single pair differs, though."
    better = []
    for row in pairs.to_dict("records"):
        names = [metric_label(row["metric"]), metric_label(row["other"])]
        first, second = names if row["rank_difference"] < 0 else names[::-1]
        better.append(f"{first} above {second} (p {_relation(row['p_value'])})")
    return f"Pairs that differ: {listed(better)}."


def reliability_table(reliability: pd.DataFrame) -> Table:
    """Return how well one half of the seeds ranks the methods as the other does."""
    rows = [
        Row(
            [
                word(task_label(row["task"])),
                counts(row["seeds"]),
                numeric(row["reliability"], 2, _text(row["note"])),
            ]
        )
        for row in reliability.to_dict("records")
    ]
    columns = (
        Column("Task"),
        Column("Seeds"),
        Column("Reliability", hint="mean weighted tau between halves of the seeds"),
    )
    return Table("reliability", "Reliability of the accuracies", columns, rows)


def stability_table(stability: pd.DataFrame) -> Table:
    """Return each metric's mean tau without each method in turn."""
    values = stability.pivot_table(
        "mean_weighted_tau", "metric", "left_out", sort=False, dropna=False
    )
    notes = stability.set_index(["metric", "left_out"])["note"]
    methods = order_methods(values.columns)
    rows = []
    for metric in values.index:
        known = values.loc[metric].dropna()
        reach = float(known.max() - known.min()) if len(known) else float("nan")
        cells = [
            numeric(
                values.loc[metric, m],
                2,
                _missing(values.loc[metric, m], notes[metric, m]),
            )
            for m in methods
        ]
        kind = "baseline" if metric in BASELINES else ""
        rows.append(Row([word(metric_label(metric)), numeric(reach), *cells], kind))
    columns = [
        Column("Metric"),
        Column("Range", hint="between the highest and the lowest of the row"),
        *(Column(method_name(m), "Mean tau without") for m in methods),
    ]
    return Table("stability", "Mean weighted tau without one method", columns, rows)


def _mean(value: float, note: str, mark: str) -> Cell:
    # Of the reasons, those that say which tasks the mean leaves out belong here.
    absent = [reason for reason in note.split("; ") if reason.startswith("undefined")]
    return numeric(value, 2, "; ".join(absent), mark=mark)


def _missing(value: float, note: object) -> str:
    return _text(note) if pd.isna(value) else ""


def _text(note: object) -> str:
    return "" if pd.isna(note) else str(note)  # type: ignore[call-overload]


def _relation(p: float) -> str:
    shown = p_value(p)
    return shown if shown.startswith("<") else f"= {shown}"


def _or_note(value: float, note: str, decimals: int = 2) -> Cell:
    return numeric(value, decimals, note if pd.isna(value) else "")


def _p(value: float, note: str) -> Cell:
    if pd.isna(value):
        return numeric(value, note=note)
    return Cell(p_value(value), float(value))


def _interval(row: Mapping[Any, Any], note: str) -> Cell:
    text = interval(row["ci_low"], row["ci_high"])
    return Cell(text, float(row["ci_low"])) if text else Cell("", note=note)

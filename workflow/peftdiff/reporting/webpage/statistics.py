"""The tables of how far the weighted taus, and the accuracies, can be trusted."""

from __future__ import annotations

import pandas as pd

from peftdiff.evaluation.comparison import beyond_difference
from peftdiff.evaluation.correlation import RANDOM
from peftdiff.evaluation.stability import tau_ranges
from peftdiff.evaluation.summary import says_top_3
from peftdiff.reporting.glossary import GLOSSARY
from peftdiff.reporting.labels import (
    method_label,
    metric_label,
    order_methods,
    task_label,
)
from peftdiff.reporting.text import interval, p_value
from peftdiff.reporting.webpage.results import BASELINE_ROWS
from peftdiff.reporting.webpage.tables import (
    Column,
    Table,
    decimals,
    make_table,
    notes_of,
)

SUMMARY = (
    Column("metric", "Metric", metric_label),
    Column(
        "mean_weighted_tau",
        "Mean tau",
        hint="The mean weighted tau over the tasks where it is defined.",
        best="highest",
    ),
    Column("interval", "95 % interval", hint=GLOSSARY["95 % interval"]),
    Column("p_value", "p", p_value, hint=GLOSSARY["p"]),
    Column("p_value_shared_permutation", "p*", p_value, hint=GLOSSARY["p*"]),
    Column("verdict", "Verdict", hint=GLOSSARY["verdict"]),
    Column("reliability", "Reliability", hint=GLOSSARY["reliability"]),
    Column("ceiling", "Ceiling", hint=GLOSSARY["ceiling"]),
    Column("regret_at_1", "Points lost", decimals(1), hint=GLOSSARY["regret"]),
    Column("top_3", "Top 3, %", decimals(0), hint=GLOSSARY["top 3"]),
    Column(
        "n_tasks",
        "Tasks",
        decimals(0),
        hint="The number of tasks where the weighted tau is defined.",
    ),
)


def summary_table(summary: pd.DataFrame) -> Table:
    """Return what each metric achieves over all tasks, and how sure that is."""
    frame = summary.set_index("metric", drop=False)
    ends = frame[["ci_low", "ci_high"]].astype(float).to_numpy()
    frame = frame.assign(
        interval=pd.Series(
            [interval(low, high) or None for low, high in ends], frame.index
        ),
        top_3=100 * frame["top_3_hit_rate"],
        verdict=frame["verdict"].replace("", None),
    )
    columns = [
        column for column in SUMMARY if column.key != "top_3" or says_top_3(summary)
    ]
    # What chance is expected to achieve has no p-values, and misses none.
    notes = {
        (row["metric"], column.key): str(row["note"])
        for row in frame.to_dict("records")
        for column in columns
        if row["metric"] != RANDOM and row["note"] and pd.isna(row[column.key])
    }
    return make_table("summary", frame, columns, kinds=BASELINE_ROWS, notes=notes)


def friedman_table(friedman: pd.DataFrame) -> Table:
    """Return the metrics' mean ranks within tasks."""
    gap = friedman["mean_rank"] - friedman["mean_rank"].min()
    tested = gap.notna() & friedman["critical_difference"].notna()
    told = gap.map(lambda g: "yes" if beyond_difference(g, friedman) else "no")
    frame = friedman.set_index("metric", drop=False)
    frame["told"] = told.where(tested, None).to_numpy()
    columns = (
        Column("metric", "Metric", metric_label),
        Column(
            "mean_rank",
            "Mean rank",
            hint="The mean rank of its weighted tau within a task; 1 is the best.",
            missing="undefined",
        ),
        Column(
            "told",
            "Told from the best?",
            hint="Whether it is beyond the critical difference (Nemenyi's test).",
        ),
    )
    undefined = frame[frame["mean_rank"].isna()]
    notes = notes_of(undefined.assign(column="mean_rank"), "metric", "column")
    return make_table("friedman", frame, columns, kinds=BASELINE_ROWS, notes=notes)


def reliability_table(reliability: pd.DataFrame) -> Table:
    """Return how well one half of the seeds ranks the methods as the other does."""
    frame = reliability.set_index("task", drop=False)
    columns = (
        Column("task", "Task", task_label),
        Column("seeds", "Seeds", decimals(0)),
        Column(
            "reliability",
            "Reliability",
            hint=GLOSSARY["reliability"],
            missing="undefined",
        ),
    )
    undefined = frame[frame["reliability"].isna()].assign(column="reliability")
    notes = notes_of(undefined, "task", "column")
    return make_table("reliability", frame, columns, notes=notes)


def stability_table(stability: pd.DataFrame) -> Table | None:
    """Return each metric's mean tau without each method in turn; None without any."""
    if stability["mean_weighted_tau"].isna().all():
        return None
    frame = stability.pivot_table(
        "mean_weighted_tau", "metric", "left_out", sort=False, dropna=False
    )
    methods = order_methods(frame.columns)
    frame = frame.assign(metric=frame.index, range=tau_ranges(stability))
    columns = [
        Column("metric", "Metric", metric_label),
        Column(
            "range",
            "Range",
            hint="The difference between the highest and the lowest of the row.",
            missing="undefined",
        ),
        *(
            Column(m, method_label(m), group="Mean tau without", missing="undefined")
            for m in methods
        ),
    ]
    undefined = stability[stability["mean_weighted_tau"].isna()]
    notes = notes_of(undefined, "metric", "left_out")
    return make_table("stability", frame, columns, kinds=BASELINE_ROWS, notes=notes)

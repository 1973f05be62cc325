"""The poster's layout: tasks as columns, in groups, and averages behind each group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from peftdiff.evaluation.correlation import averages
from peftdiff.reporting.labels import group_label, task_label
from peftdiff.reporting.webpage.tables import (
    Column,
    Table,
    Texts,
    decimals,
    make_table,
)

SHORT = {"natural": "Nat.", "specialized": "Spec.", "structured": "Str."}
OVERALL = "Overall"
OF_THE_SUMMARY = ": those with a weighted tau"
HEADING = "heading"  # the column that names the rows
Groups = Mapping[str, Sequence[str]]


def wide(table: pd.DataFrame, rows: str, value: str) -> pd.DataFrame:
    """Return a tidy table's values as `rows` x tasks, rows in order of appearance.

    A value that is undefined on one of several rows is undefined.
    """
    return table.pivot_table(
        value,
        rows,
        "task",
        sort=False,
        dropna=False,
        aggfunc=lambda values: values.mean(skipna=False),
    )


def task_table(
    name: str,
    values: pd.DataFrame,
    groups: Groups,
    *,
    heading: str,
    label: Callable[[str], str] = str,
    best: str = "highest",
    digits: int = 2,
    kinds: Mapping[str, str] | None = None,
    missing: str = "no value",
    notes: Texts | None = None,
    hints: Texts | None = None,
    printed: Mapping[str, Mapping[str, float]] | None = None,
    overall: pd.DataFrame | None = None,
    marks: Texts | None = None,
) -> Table:
    """Return a table with a column for each task, in groups, each with its average.

    Parameters
    ----------
    name
        Of the table.
    values
        Rows x tasks; a NaN is undefined.
    groups
        Tasks by group.
    heading, label
        What the rows are, and the name for people of one.
    best
        Which numbers are marked: "highest", "lowest", or none.
    digits
        Decimals of all numbers.
    kinds
        Rows that are not ranked: "baseline" or "reference".
    missing, notes, hints
        Why cells are empty, why a single one is, and what else there is to know.
    printed
        By group (and `OVERALL`) and row, averages in place of those of `values`.
    overall
        The averages over all tasks where a table has them: by row, mean and n_tasks.
    marks
        What is marked on single tasks, in place of the best numbers.
    """
    show, frame = decimals(digits), values.copy()
    best = best if marks is None else ""
    all_tasks = [task for tasks in groups.values() for task in tasks]
    frame[HEADING] = [label(row) for row in values.index]
    columns = [Column(HEADING, heading)]
    footnotes: dict[tuple[str, str], str] = {}
    for group, tasks in _with_overall(groups):
        if group != OVERALL:
            columns += [
                Column(
                    key=task,
                    label=task_label(task),
                    show=show,
                    group=group_label(group),
                    missing=missing,
                    best=best,
                )
                for task in tasks
            ]
        if len(all_tasks) == 1:  # Its average is the number itself.
            continue
        average = _average_column(group, groups, show, best)
        means = averages(values, tasks)
        which = ""
        if overall is not None and (group == OVERALL or len(groups) == 1):
            means, which = overall.reindex(values.index), OF_THE_SUMMARY
        own = printed.get(group, {}) if printed else means["mean"]
        frame[average.key] = pd.Series(own, index=values.index, dtype=float)
        footnotes |= _shortened(means["n_tasks"], len(tasks), average.key, which)
        columns.append(average)
    frame = frame.reindex(columns=[column.key for column in columns])
    empty, more = _empty_or_more(notes or {}, frame)
    return make_table(
        name,
        frame,
        columns,
        kinds=kinds,
        notes={**empty, **footnotes},
        hints={**more, **(hints or {})},
        marks=marks,
    )


def _with_overall(groups: Groups) -> Iterable[tuple[str, list[str]]]:
    for group, tasks in groups.items():
        yield group, list(tasks)
    # With a single group its average is the overall one.
    if len(groups) > 1:
        yield OVERALL, [task for tasks in groups.values() for task in tasks]


def _average_column(
    group: str, groups: Groups, show: Callable[[float], str], best: str
) -> Column:
    label, above, hint = "Avg.", OVERALL, "average over all tasks"
    if group != OVERALL:
        short = SHORT.get(group, group_label(group)) if len(groups) > 1 else ""
        label, above = f"Avg. {short}".strip(), group_label(group)
        hint = f"average over {group} tasks" if group else "average over the tasks"
    return Column(
        f"average of {group}", label, show, above, hint=hint, best=best, average=True
    )


def _shortened(
    counts: pd.Series, total: int, key: str, which: str
) -> dict[tuple[str, str], str]:
    """Return footnotes of the averages that run over fewer tasks than there are."""
    return {
        (str(row), key): (
            f"average over {count:.0f} of {total} tasks{which}"
            if count
            else (
                f"undefined on each of {total} tasks{which}"
                if total > 1
                else "undefined"
            )
        )
        for row, count in counts.items()
        if count < total
    }


def _empty_or_more(
    notes: Texts, frame: pd.DataFrame
) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """Part notes into those of empty cells, and those beside a number: hints."""
    known = {key: text for key, text in notes.items() if key[0] in frame.index}
    empty = {k: text for k, text in known.items() if pd.isna(frame.loc[k[0], k[1]])}
    return empty, {k: text for k, text in known.items() if k not in empty}

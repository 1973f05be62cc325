"""The poster's layout: tasks as columns, in groups, and averages behind each group."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import pandas as pd

from peftdiff.reporting.figures.tables import tasks_by_group
from peftdiff.reporting.labels import group_label, task_label
from peftdiff.reporting.webpage.cells import (
    Cell,
    Column,
    Row,
    Table,
    number,
    numeric,
    places,
    word,
)

SHORT = {"natural": "Nat.", "specialized": "Spec.", "structured": "Str."}
OVERALL = "Overall"
Groups = Mapping[str, list[str]]
Texts = Mapping[tuple[str, str], str]


def groups_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return a table's tasks below their groups, both in their order."""
    return tasks_by_group(table)


def wide(table: pd.DataFrame, rows: str, value: str) -> pd.DataFrame:
    """Return a tidy table's values as `rows` x tasks, rows in order of appearance."""
    return table.pivot_table(
        value, rows, "task", sort=False, dropna=False, aggfunc=_only_or_mean
    )


def texts(table: pd.DataFrame, rows: str, column: str = "note") -> dict[tuple, str]:
    """Return the words beside a tidy table's values, by row and task."""
    if column not in table:
        return {}
    known = table[table[column].notna()]
    return {
        (row, task): str(note)
        for row, task, note in zip(
            known[rows], known["task"], known[column], strict=True
        )
    }


def task_table(
    name: str,
    caption: str,
    values: pd.DataFrame,
    groups: Groups,
    *,
    heading: str,
    label: Callable[[str], str] = str,
    kinds: Mapping[str, str] | None = None,
    notes: Texts | None = None,
    hints: Texts | None = None,
    highest: bool = True,
    ranked: bool = True,
    decimals: int = 2,
    averages: Mapping[str, Mapping[str, float]] | None = None,
    legend: str = "",
) -> Table:
    """Return a table with a column for each task, in groups, each with its average.

    Parameters
    ----------
    name, caption, legend
        Of the table.
    values
        Rows x tasks; a NaN is undefined.
    groups
        Tasks by group.
    heading, label
        What the rows are, and the name for people of one.
    kinds
        Rows that are not ranked: "baseline" or "reference".
    notes, hints
        Why a cell is empty, and what else there is to know, by row and task.
    highest, ranked
        Whether the highest value is the best, and whether the best two are marked.
    averages
        By group (and `OVERALL`) and row, in place of those of `values`.
    """
    kinds, notes, hints = kinds or {}, notes or {}, hints or {}
    columns, filled = [Column(heading)], []
    for group, tasks in _with_overall(groups):
        chosen = values.reindex(columns=tasks)
        if group != OVERALL:
            for task in tasks:
                columns.append(Column(task_label(task), group_label(group)))
                filled.append(
                    {
                        row: _cell(chosen.loc[row, task], (row, task), notes, hints)
                        for row in values.index
                    }
                )
        columns.append(_average_column(group, groups))
        printed = averages.get(group, {}) if averages else None
        filled.append(_averages(chosen, printed, decimals))
    for position, column in enumerate(filled):
        filled[position] = _finish(column, kinds, highest, ranked, decimals)
    rows = [
        Row(
            [word(label(row)), *(column[row] for column in filled)],
            kinds.get(row, ""),
        )
        for row in values.index
    ]
    return Table(name, caption, columns, rows, legend)


def _with_overall(groups: Groups) -> Iterable[tuple[str, list[str]]]:
    yield from groups.items()
    # With a single group its average is the overall one.
    if len(groups) > 1:
        yield OVERALL, [task for tasks in groups.values() for task in tasks]


def _average_column(group: str, groups: Groups) -> Column:
    if group == OVERALL:
        return Column("Avg.", OVERALL, "average over all tasks", average=True)
    short = SHORT.get(group, group_label(group))
    label = f"Avg. {short}" if len(groups) > 1 else "Avg."
    hint = f"average over {group} tasks" if group else "average over the tasks"
    return Column(label.strip(), group_label(group), hint, average=True)


def _averages(
    chosen: pd.DataFrame, printed: Mapping[str, float] | None, decimals: int
) -> dict[str, Cell]:
    """Return the averages of some columns; one over fewer tasks says how many."""
    cells = {}
    for row, values in chosen.iterrows():
        known = values.dropna()
        mean = float(known.mean()) if len(known) else math.nan
        if printed is not None:
            mean = printed.get(str(row), math.nan)
        note = ""
        if len(known) < len(values):
            note = f"average over {len(known)} of {len(values)} tasks"
        if not len(known):
            note = f"undefined on each of {len(values)} tasks"
        cells[str(row)] = numeric(mean, decimals, note)
    return cells


def _cell(value: float, key: tuple[str, str], notes: Texts, hints: Texts) -> Cell:
    """Return a cell; a note beside a defined value is a hint, not a footnote."""
    note, hint = notes.get(key, ""), hints.get(key, "")
    if pd.isna(value):
        return numeric(math.nan, note=note or "no value")
    return numeric(value, hint="; ".join(text for text in (hint, note) if text))


def _finish(
    column: Mapping[str, Cell],
    kinds: Mapping[str, str],
    highest: bool,
    ranked: bool,
    decimals: int,
) -> dict[str, Cell]:
    """Return a column's cells with decimals as wanted, and the best two marked."""
    values = {
        row: cell.value for row, cell in column.items() if isinstance(cell.value, float)
    }
    candidates = {row: value for row, value in values.items() if row not in kinds}
    marks = places(candidates, highest) if ranked else {}
    shown = {row: number(value, decimals) for row, value in values.items()}
    return {
        row: replace(cell, text=shown.get(row, ""), mark=marks.get(row, ""))
        for row, cell in column.items()
    }


def _only_or_mean(values: pd.Series) -> float:
    # A value that is undefined on one of several rows is undefined.
    return float(values.mean(skipna=False))

"""Checks and summaries of the tidy tables that figures are drawn from."""

from collections.abc import Sequence

import pandas as pd

from peftdiff.reporting import labels


def check(table: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    """Raise unless ``table`` can be drawn.

    Parameters
    ----------
    table
        A tidy table of one experiment.
    name
        Name of its file, for error messages.
    columns
        The columns that a figure needs, besides ``experiment``.

    Raises
    ------
    ValueError
        If a column is missing, the table is empty or holds several experiments.
    """
    missing = [c for c in ("experiment", *columns) if c not in table.columns]
    if missing:
        raise ValueError(
            f"{name} lacks the column {', '.join(missing)} "
            f"(it has: {', '.join(map(str, table.columns))})"
        )
    if table.empty:
        raise ValueError(f"{name} has no rows, so that there is nothing to draw")
    experiments = table["experiment"].unique()
    if len(experiments) > 1:
        raise ValueError(
            f"{name} holds the experiments {', '.join(map(str, experiments))}; "
            "a figure shows one: select its rows first"
        )


def tasks_by_group(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the table's tasks, in order, below their groups, in order.

    A task whose group is an empty cell belongs to the group "".
    """
    # A column of empty cells alone has been read as numbers, and is converted.
    groups = table["group"].astype(object).fillna("")
    group_of = dict(zip(table["task"], groups, strict=True))
    tasks = labels.order_tasks(table["task"])
    return {
        group: [task for task in tasks if group_of[task] == group]
        for group in labels.order_groups(group_of[task] for task in tasks)
    }


def seed_summary(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return mean, least and greatest ``value`` over the seeds.

    Returns
    -------
    DataFrame
        Columns ``mean``, ``low``, ``high``; rows indexed by (task, method). The mean is
        missing where the value of any seed is.
    """
    seeds = table.groupby(["task", "method"], sort=False)[value]
    return pd.DataFrame(
        {"mean": seeds.mean(skipna=False), "low": seeds.min(), "high": seeds.max()}
    )


def count_seeds(table: pd.DataFrame) -> str:
    """Return "1 seed" or "5 seeds"."""
    seeds = table["seed"].nunique()
    return f"{seeds} seed{'' if seeds == 1 else 's'}"

"""A published table of accuracies as the ground truth of an experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from peftdiff.evaluation.published.agreement import source_label
from peftdiff.records import read_table
from peftdiff.runtime import UserError

COLUMNS = (
    "task",
    "group",
    "method",
    "in_pool",
    "seed",
    "accuracy",
    "epochs",
    "train_seconds",
    "trainable_parameters",
    "source",
)
FEWEST_METHODS = 2


def published_truth(
    accuracies: pd.DataFrame,
    source: str,
    tasks: Mapping[str, str],
    methods: Sequence[str],
    references: Sequence[str] = (),
    parameters: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Return rows of ground_truth.csv: what a published table says of an experiment.

    Parameters
    ----------
    accuracies
        Columns source, task, method, accuracy (percent).
    source
        Which of the published tables.
    tasks
        The experiment's tasks, each with its group.
    methods, references
        Those in the pool, and those outside.
    parameters
        How many parameters of each method train, as far as this is known here.

    Returns
    -------
    DataFrame
        A row for each task and method that the table has. A published accuracy has no
        seed, no epochs and no seconds: these cells are empty.

    Raises
    ------
    UserError
        Where the table shares no task, or fewer than two methods, with the experiment.
    """
    table = accuracies[accuracies["source"] == source].dropna(subset="accuracy")
    _require_shared("task", 1, source, table, list(tasks))
    table = table[table["task"].isin(list(tasks))]
    _require_shared("method", FEWEST_METHODS, source, table, methods)
    order = pd.MultiIndex.from_product([tasks, [*methods, *references]])
    given = table.set_index(["task", "method"])["accuracy"].reindex(order).dropna()
    rows = given.rename_axis(["task", "method"]).reset_index()
    known = parameters or {}
    rows = rows.assign(
        group=rows["task"].map(dict(tasks)),
        in_pool=rows["method"].isin(methods),
        source=source,
        trainable_parameters=rows["method"].map(known).astype("Int64"),
    )
    return rows.reindex(columns=COLUMNS)


def absences(truth: pd.DataFrame, tasks: Sequence[str], wanted: Sequence[str]) -> str:
    """Say which tasks and methods (or references) a published ground truth lacks.

    Empty where it lacks none.
    """
    gaps = [
        f"{len(absent)} of {len(names)} {kind}s ({', '.join(absent)})"
        for kind, names in (("task", tasks), ("method", wanted))
        if (absent := [name for name in names if name not in set(truth[kind])])
    ]
    if not gaps:
        return ""
    name = source_label(str(truth["source"].iloc[0]))
    return f"the published ground truth ({name}) lacks {' and '.join(gaps)}"


def _require_shared(
    kind: str, fewest: int, source: str, table: pd.DataFrame, names: Sequence[str]
) -> None:
    there = list(table[kind].unique())
    shared = [name for name in names if name in there]
    if len(shared) < fewest:
        count = f"only the {kind} {shared[0]}" if shared else f"no {kind}"
        raise UserError(
            f"config key 'ground_truth.source' is '{source}', a table that shares"
            f" {count} with the experiment: it has {', '.join(there)}; the experiment"
            f" has {', '.join(names)}"
        )


OUR_WORDS = {"dataset": "task", "top1_accuracy_percent": "accuracy"}
ACCURACIES = ("source", "dataset", "method", "top1_accuracy_percent")


def read_resource(path: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that lies with the workflow, which no job can make again."""
    table = read_table(path)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UserError(
            f"{path} lacks the columns {', '.join(missing)}; restore it from the"
            " project's repository"
        )
    return table.rename(columns=OUR_WORDS)


def read_accuracies(path: str) -> pd.DataFrame:
    """Read accuracy_vtab.csv: columns source, task, method, accuracy (percent)."""
    return read_resource(path, ACCURACIES)


NO_SEEDS = "a published ground truth has no seeds"


def published_source(truth: pd.DataFrame) -> str:
    """Return the published table that accuracies are from, "" if measured here.

    Parameters
    ----------
    truth
        Rows of ground_truth.csv; only those from a published table have a `source`.
    """
    named = truth.reindex(columns=["source"])["source"].dropna()
    return str(named.iloc[0]) if len(named) else ""

"""A published table of accuracies as the ground truth of an experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from peftdiff.published.agreement import source_label
from peftdiff.runtime import UserError

COLUMNS = (
    *("task", "group", "method", "in_pool", "seed", "accuracy", "epochs"),
    *("train_seconds", "trainable_parameters", "source"),
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

"""The published tables that lie with the workflow, in this project's words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from peftdiff.records import read_table
from peftdiff.runtime import UserError

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

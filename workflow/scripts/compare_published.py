"""Compute the published figures again, and compare the published ground truths."""

from collections.abc import Mapping, Sequence

import pandas as pd

from peftdiff import published
from peftdiff.records import read_table, write_table
from peftdiff.runtime import UserError, job

COLUMNS = {
    "weighted_tau": ("metric", "dataset", "group", "weighted_tau"),
    "averages": ("metric", "group", "weighted_tau"),
    "improvements": ("metric", "percent"),
    "timing_minutes": ("group", "peftdiff_minutes", "fine_tuning_minutes", "speed_up"),
    "ablation": ("score", "weighted_tau"),
    "accuracy_vtab": ("source", "dataset", "method", "top1_accuracy_percent"),
}
OUR_WORDS = {"dataset": "task", "top1_accuracy_percent": "accuracy"}


def main(given: Mapping[str, str], made: Mapping[str, str]) -> None:
    """Read the published tables; write what they give when computed again."""
    tables = {
        name: read_resource(given[name], columns).rename(columns=OUR_WORDS)
        for name, columns in COLUMNS.items()
    }
    accuracies = tables.pop("accuracy_vtab")
    poster = published.PosterTables(*tables.values())
    groups = dict(zip(poster.taus["task"], poster.taus["group"], strict=True))
    sources = published.compare_sources(accuracies, groups)
    taus = pd.concat([published.metric_taus(poster.taus), sources], ignore_index=True)
    nulls = published.shuffled_nulls(accuracies, groups)
    means = published.means_over_tasks(taus, nulls)
    write_table(made["averages"], published.recompute(poster))
    write_table(made["taus"], taus)
    write_table(made["agreement"], means)
    write_table(made["ceilings"], published.ceilings(means))


def read_resource(path: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that lies with the workflow, which no job can make again."""
    table = read_table(path)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UserError(
            f"{path} lacks the columns {', '.join(missing)}; restore it from the"
            " project's repository"
        )
    return table


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(dict(snakemake.input.items()), dict(snakemake.output.items()))

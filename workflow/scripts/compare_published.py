"""Compute the published figures again, and compare the published ground truths."""

from collections.abc import Mapping

import pandas as pd

from peftdiff.evaluation import published
from peftdiff.records import write_table
from peftdiff.runtime import job

COLUMNS = {
    "weighted_tau": ("metric", "dataset", "group", "weighted_tau"),
    "averages": ("metric", "group", "weighted_tau"),
    "improvements": ("metric", "percent"),
    "timing_minutes": ("group", "peftdiff_minutes", "fine_tuning_minutes", "speed_up"),
    "ablation": ("score", "weighted_tau"),
}


def main(given: Mapping[str, str], made: Mapping[str, str]) -> None:
    """Read the published tables; write what they give when computed again."""
    accuracies = published.read_accuracies(given["accuracy_vtab"])
    poster = read_poster(given)
    groups = dict(zip(poster.taus["task"], poster.taus["group"], strict=True))
    sources = published.compare_sources(accuracies, groups)
    taus = pd.concat([published.metric_taus(poster.taus), sources], ignore_index=True)
    nulls = published.shuffled_nulls(accuracies, groups)
    means = published.means_over_tasks(taus, nulls)
    write_table(made["averages"], published.recompute(poster))
    write_table(made["taus"], taus)
    write_table(made["agreement"], means)
    write_table(made["ceilings"], published.ceilings(means))


def read_poster(given: Mapping[str, str]) -> published.PosterTables:
    """Return the tables that the poster prints."""
    tables = {
        name: published.read_resource(given[name], columns)
        for name, columns in COLUMNS.items()
    }
    return published.PosterTables(
        taus=tables["weighted_tau"],
        averages=tables["averages"],
        improvements=tables["improvements"],
        timing=tables["timing_minutes"],
        ablation=tables["ablation"],
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(dict(snakemake.input.items()), dict(snakemake.output.items()))

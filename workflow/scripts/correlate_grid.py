"""Correlate the scores of every setting with the ground truth, and choose settings."""

from typing import Any

from peftdiff.evaluation.correlation import complete_truth
from peftdiff.evaluation.studies.grid import score_settings, tabulate_grid
from peftdiff.evaluation.studies.parameters import default_setting
from peftdiff.evaluation.studies.selection import choose_settings
from peftdiff.records import read_table, read_tables, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    components: list[str],
    truth_path: str,
    grid_path: str,
    choice_path: str,
    *,
    tasks: dict[str, str],
    methods: list[str],
    peftdiff: dict[str, Any],
) -> None:
    """Write weighted tau per task and setting, and what choosing a setting is worth."""
    truth = complete_truth(read_table(truth_path), tasks, methods)
    scored = score_settings(read_tables(components), truth)
    write_table(grid_path, tabulate_grid(scored))
    write_table(choice_path, choose_settings(scored, default_setting(peftdiff)))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.components,
            snakemake.input.truth,
            snakemake.output.grid,
            snakemake.output.choice,
            **params_as_kwargs(snakemake.params),
        )

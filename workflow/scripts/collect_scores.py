"""Collect the scores of all tasks."""

from peftdiff.records import read_tables, write_table
from peftdiff.runtime import job


def main(
    scores: list[str], components: list[str], scores_path: str, components_path: str
) -> None:
    """Write the tasks' tables one below the other."""
    write_table(scores_path, read_tables(scores))
    write_table(components_path, read_tables(components))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.scores,
            snakemake.input.components,
            snakemake.output.scores,
            snakemake.output.components,
        )

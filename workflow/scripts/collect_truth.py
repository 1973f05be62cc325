"""Collect the accuracies of all tasks."""

from peftdiff.records import read_tables, write_table
from peftdiff.runtime import job


def main(tables: list[str], path: str) -> None:
    """Write the tasks' tables one below the other."""
    write_table(path, read_tables(tables))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input, snakemake.output[0])

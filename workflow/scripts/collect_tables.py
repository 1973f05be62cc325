"""Collect the parts of tables: one below the other."""

from collections.abc import Mapping, Sequence

from peftdiff.records import read_tables, write_table
from peftdiff.runtime import job


def main(parts: Mapping[str, Sequence[str]], paths: Mapping[str, str]) -> None:
    """Write each table of `paths` from its `parts`, which have the same names."""
    for name, path in paths.items():
        write_table(path, read_tables(parts[name]))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(dict(snakemake.input.items()), dict(snakemake.output.items()))

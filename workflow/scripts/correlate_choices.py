"""Correlate the scores of every choice with the ground truth and with the default's."""

from peftdiff.records import read_table, read_tables, write_table
from peftdiff.runtime import job
from peftdiff.studies.choices import correlate_choices


def main(components: list[str], truth_path: str, path: str) -> None:
    """Write weighted tau and agreement per task, choice and start seed."""
    write_table(
        path, correlate_choices(read_tables(components), read_table(truth_path))
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.components,
            snakemake.input.truth,
            snakemake.output[0],
        )

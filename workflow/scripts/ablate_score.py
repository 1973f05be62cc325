"""Rank the pool by either class distance alone."""

from peftdiff.records import read_table, write_table
from peftdiff.runtime import job
from peftdiff.studies.ablation import ablate


def main(components_path: str, truth_path: str, path: str) -> None:
    """Write weighted tau per task of intra alone, inter alone, and both."""
    write_table(path, ablate(read_table(components_path), read_table(truth_path)))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.components,
            snakemake.input.truth,
            snakemake.output[0],
        )

"""Rank the pool without each method in turn."""

from peftdiff.records import read_table, write_table
from peftdiff.runtime import job
from peftdiff.stability import leave_methods_out


def main(scores_path: str, truth_path: str, components_path: str, path: str) -> None:
    """Write every metric's mean weighted tau without each method."""
    tables = map(read_table, (scores_path, truth_path, components_path))
    write_table(path, leave_methods_out(*tables))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.scores,
            snakemake.input.truth,
            snakemake.input.components,
            snakemake.output[0],
        )

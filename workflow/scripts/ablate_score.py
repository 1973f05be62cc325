"""Rank the pool by either class distance alone."""

from peftdiff.evaluation.correlation import complete_truth
from peftdiff.evaluation.studies.ablation import ablate
from peftdiff.records import read_table, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    components_path: str,
    truth_path: str,
    path: str,
    *,
    tasks: dict[str, str],
    methods: list[str],
) -> None:
    """Write weighted tau per task of intra alone, inter alone, and both."""
    truth = complete_truth(read_table(truth_path), tasks, methods)
    write_table(path, ablate(read_table(components_path), truth))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.components,
            snakemake.input.truth,
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

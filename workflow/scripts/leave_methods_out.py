"""Rank the pool without each method in turn."""

from peftdiff.evaluation.correlation import complete_truth
from peftdiff.evaluation.stability import leave_methods_out
from peftdiff.records import read_table, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    scores_path: str,
    truth_path: str,
    components_path: str,
    path: str,
    *,
    tasks: dict[str, str],
    methods: list[str],
) -> None:
    """Write every metric's mean weighted tau without each method."""
    truth = complete_truth(read_table(truth_path), tasks, methods)
    scores, components = read_table(scores_path), read_table(components_path)
    write_table(path, leave_methods_out(scores, truth, components))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.scores,
            snakemake.input.truth,
            snakemake.input.components,
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

"""Correlate the scores with the ground truth, and say how reliable that is."""

from peftdiff.evaluation.correlation import complete_truth, correlate, reliabilities
from peftdiff.records import read_table, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    scores_path: str,
    truth_path: str,
    correlation_path: str,
    reliability_path: str,
    *,
    tasks: dict[str, str],
    methods: list[str],
) -> None:
    """Write weighted tau per task and metric, and the ground truth's reliability."""
    truth = complete_truth(read_table(truth_path), tasks, methods)
    write_table(correlation_path, correlate(read_table(scores_path), truth))
    write_table(reliability_path, reliabilities(truth))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.scores,
            snakemake.input.truth,
            snakemake.output.correlation,
            snakemake.output.reliability,
            **params_as_kwargs(snakemake.params),
        )

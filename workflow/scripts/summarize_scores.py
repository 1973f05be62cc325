"""Summarize each metric over all tasks, and test whether the metrics differ."""

from peftdiff.evaluation.comparison import compare_all, compare_pairs
from peftdiff.evaluation.correlation import complete_truth
from peftdiff.evaluation.summary import summarize
from peftdiff.records import read_table, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    scores_path: str,
    truth_path: str,
    correlation_path: str,
    *,
    summary_path: str,
    friedman_path: str,
    nemenyi_path: str,
    tasks: dict[str, str],
    methods: list[str],
) -> None:
    """Write a row for each metric, its mean rank, and a row for each pair."""
    truth = complete_truth(read_table(truth_path), tasks, methods)
    write_table(summary_path, summarize(read_table(scores_path), truth))
    ranks = compare_all(read_table(correlation_path))
    write_table(friedman_path, ranks)
    write_table(nemenyi_path, compare_pairs(ranks))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.scores,
            snakemake.input.truth,
            snakemake.input.correlation,
            summary_path=snakemake.output.summary,
            friedman_path=snakemake.output.friedman,
            nemenyi_path=snakemake.output.nemenyi,
            **params_as_kwargs(snakemake.params),
        )

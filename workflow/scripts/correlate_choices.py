"""Correlate the scores of every choice with the ground truth and with the default's."""

from peftdiff.evaluation.correlation import complete_truth
from peftdiff.evaluation.studies.choice_comparison import correlate_choices
from peftdiff.records import read_table, read_tables, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    components: list[str],
    truth_path: str,
    path: str,
    *,
    tasks: dict[str, str],
    methods: list[str],
) -> None:
    """Write weighted tau and agreement per task, choice and start seed."""
    truth = complete_truth(read_table(truth_path), tasks, methods)
    write_table(path, correlate_choices(read_tables(components), truth))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.components,
            snakemake.input.truth,
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

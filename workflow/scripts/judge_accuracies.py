"""Say what the accuracies tell on each task, and what each metric's choice loses."""

from peftdiff.evaluation.correlation import complete_truth
from peftdiff.evaluation.first_choice import first_choices
from peftdiff.evaluation.standings import describe_tasks, stand
from peftdiff.records import read_table, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    scores_path: str,
    truth_path: str,
    *,
    tasks_path: str,
    standings_path: str,
    choices_path: str,
    tasks: dict[str, str],
    methods: list[str],
) -> None:
    """Write a row for each task, for each method on it, and for each metric on it."""
    scores = read_table(scores_path)
    truth = complete_truth(read_table(truth_path), tasks, methods)
    standings = stand(truth)
    described = describe_tasks(truth, standings)
    write_table(standings_path, standings)
    write_table(tasks_path, described)
    write_table(choices_path, first_choices(scores, truth, standings, described))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.scores,
            snakemake.input.truth,
            tasks_path=snakemake.output.tasks,
            standings_path=snakemake.output.standings,
            choices_path=snakemake.output.choices,
            **params_as_kwargs(snakemake.params),
        )

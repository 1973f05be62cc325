"""Take the ground truth from a published table; nothing is fine-tuned."""

from peftdiff.evaluation.published import absences, published_truth, read_accuracies
from peftdiff.records import with_columns, write_table
from peftdiff.runtime import job, logger, params_as_kwargs
from peftdiff.stages.store import read_models


def main(
    accuracies_path: str,
    method_paths: list[str],
    path: str,
    *,
    experiment: str,
    source: str,
    tasks: dict[str, str],
    methods: list[str],
    references: list[str],
) -> None:
    """Write the table's accuracies of the experiment's tasks and methods.

    The source-trained methods tell how many of their parameters train.
    """
    sizes = dict(zip(methods, map(count_parameters, method_paths), strict=True))
    truth = published_truth(
        read_accuracies(accuracies_path),
        source,
        tasks=tasks,
        methods=methods,
        references=references,
        parameters=sizes,
    )
    if lacking := absences(truth, list(tasks), [*methods, *references]):
        logger.warning("%s", lacking)
    write_table(path, with_columns(truth, experiment=experiment))


def count_parameters(path: str) -> int:
    """Return how many numbers one of a method's runs has trained."""
    run = next(iter(read_models(path).values()))
    return sum(array.size for array in run.weights.values())


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.accuracies,
            snakemake.input.methods,
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

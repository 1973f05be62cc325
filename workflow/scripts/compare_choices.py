"""Compute a task's class distances with each choice of the score changed."""

from typing import Any

from peftdiff.embeddings import read_embedding
from peftdiff.evaluation.studies.choices import choice_components
from peftdiff.metrics.fitting import fit_parameters
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    embedding_path: str,
    path: str,
    *,
    experiment: str,
    task: str,
    peftdiff: dict[str, Any],
    start_seeds: list[int],
) -> None:
    """Write intra and inter of each model for each choice and start seed."""
    if propagate_unavailable(embedding_path, path, experiment=experiment, task=task):
        return
    features, labels = read_embedding(embedding_path)
    peftdiff = fit_parameters("peftdiff", peftdiff, labels)
    components = choice_components(features, labels, peftdiff, start_seeds)
    write_table(path, with_columns(components, experiment=experiment, task=task))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input[0],
            snakemake.output[0],
            task=snakemake.wildcards.task,
            **params_as_kwargs(snakemake.params),
        )

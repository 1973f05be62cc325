"""Compute the class distances of a task's models over the whole grid."""

from collections.abc import Sequence
from typing import Any

from peftdiff.embeddings import read_embedding
from peftdiff.evaluation.studies.grid import grid_components
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    embedding_path: str,
    path: str,
    *,
    experiment: str,
    task: str,
    axes: dict[str, Sequence[float]],
    peftdiff: dict[str, Any],
) -> None:
    """Write intra and inter of each model under each setting."""
    if propagate_unavailable(embedding_path, path, experiment=experiment, task=task):
        return
    features, labels = read_embedding(embedding_path)
    components = grid_components(features, labels, axes, peftdiff)
    write_table(path, with_columns(components, experiment=experiment, task=task))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input[0],
            snakemake.output[0],
            task=snakemake.wildcards.task,
            **params_as_kwargs(snakemake.params),
        )

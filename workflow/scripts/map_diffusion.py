"""Compute the diffusion maps of a task: backbone, best method, worst method."""

import json
from typing import Any

import pandas as pd

from peftdiff.embeddings import read_embedding
from peftdiff.evaluation.correlation import mean_accuracies
from peftdiff.evaluation.diffusion_map import map_models, shown_models
from peftdiff.metrics.fitting import fit_parameters
from peftdiff.records import read_metadata, read_table, write_npz
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.tasks import TASKS


def main(
    embedding_path: str,
    truth_path: str,
    path: str,
    *,
    task: str,
    peftdiff: dict[str, Any],
) -> None:
    """Write the first two coordinates of each panel, of the first seed's model."""
    features, labels = read_embedding(embedding_path)
    peftdiff = fit_parameters("peftdiff", peftdiff, labels)
    accuracies = mean_accuracies(read_table(truth_path)).reindex([task]).loc[task]
    panels = shown_models(list(features), pd.Series(accuracies))
    arrays = {
        **map_models(features, labels, panels, peftdiff),
        "class_names": json.loads(read_metadata(embedding_path)["class_names"]),
        "title": TASKS[task].label if task in TASKS else task,
    }
    write_npz(path, arrays)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.embedding,
            snakemake.input.truth,
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

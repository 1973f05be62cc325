"""Compute the diffusion maps of a task: backbone, best method, worst method."""

import json
from typing import Any

import numpy as np
import pandas as pd

from peftdiff.diffusion import diffusion_score
from peftdiff.embeddings import BACKBONE_MODEL, read_embedding
from peftdiff.evaluation.correlation import mean_accuracies
from peftdiff.methods import METHODS
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
    accuracies = pd.Series(mean_accuracies(read_table(truth_path)).loc[task])
    accuracies = accuracies.dropna().sort_values()
    panels = {"Backbone": BACKBONE_MODEL}
    for rank, method in (
        ("best", accuracies.index[-1]),
        ("worst", accuracies.index[0]),
    ):
        model = next(model for model in features if model.method == method)
        title = f"{METHODS[method].label} ({rank}, {accuracies[method]:.1f} %)"
        panels[title] = model
    coordinates = []
    for model in panels.values():
        psi = diffusion_score(features[model], labels, **peftdiff).eigenvectors
        # The first is constant on a connected graph: it belongs to the eigenvalue 1.
        coordinates.append(psi[:, 1:3])
    arrays = {
        "coordinates": np.stack(coordinates).astype(np.float32),
        "labels": labels,
        "panels": list(panels),
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

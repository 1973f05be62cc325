"""Count the principal components that each task's embeddings need."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from peftdiff.data.images import read_images
from peftdiff.embeddings import ModelName, read_embedding
from peftdiff.evaluation.studies.complexity import CNN, measure_complexity
from peftdiff.models.device import prepare_torch
from peftdiff.records import (
    unavailable,
    with_columns,
    write_npz,
    write_table,
    write_text,
)
from peftdiff.reporting.pages.complexity import complexity_page
from peftdiff.runtime import job, logger, params_as_kwargs
from peftdiff.stages import embed_by_cnn
from peftdiff.stages.store import read_models
from peftdiff.tasks import group_of


def main(
    *,
    embedding_paths: list[str],
    image_paths: list[str],
    cnn_path: str,
    table_path: str,
    curves_path: str,
    page_path: str,
    experiment: str,
    tasks: list[str],
    architecture: Any,
    embedding: dict[str, Any],
    normalization: dict[str, Any],
    device: str,
    precision: str,
) -> None:
    """Write the components of each model, their curves, and the page about them."""
    setting = prepare_torch(device, precision)
    (cnn,) = read_models(cnn_path).values()
    parts = []
    curves: dict[str, NDArray[np.float32]] = {}
    paths = zip(tasks, embedding_paths, image_paths, strict=True)
    for task, features_path, images_path in paths:
        if unavailable(features_path):
            continue
        logger.info("embedding %s through the CNN", task)
        features, labels = read_embedding(features_path)
        images = read_images(images_path, embedding["split"], normalization)
        same = images.part(slice(len(labels)))
        by_cnn = embed_by_cnn(
            architecture,
            cnn.weights,
            same,
            setting=setting,
            batch_size=embedding["batch_size"],
        )
        table, shares = measure_complexity({**features, ModelName(CNN): by_cnn})
        names = {"experiment": experiment, "task": task, "group": group_of(task)}
        parts.append(with_columns(table, **names))
        curves |= {f"{task}/{m}": each.astype("f4") for m, each in shares.items()}
    complexity = pd.concat(parts, ignore_index=True)
    write_table(table_path, complexity)
    write_npz(curves_path, curves)
    words = architecture if isinstance(architecture, str) else "a small ResNet"
    write_text(page_path, complexity_page(complexity, words))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            embedding_paths=list(snakemake.input.embeddings),
            image_paths=list(snakemake.input.images),
            cnn_path=snakemake.input.cnn,
            table_path=snakemake.output.table,
            curves_path=snakemake.output.curves,
            page_path=snakemake.output.page,
            **params_as_kwargs(snakemake.params),
        )

"""Count the principal components that each task's embeddings need."""

from typing import Any

import pandas as pd

from peftdiff.data.images import read_images
from peftdiff.embeddings import read_embedding
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
    given: dict[str, Any],
    made: dict[str, str],
    *,
    experiment: str,
    tasks: list[str],
    architecture: Any,
    embedding: dict[str, Any],
    normalization: dict[str, Any],
    device: tuple[str, str],
) -> None:
    """Write the components of each model, their curves, and the page about them."""
    how = {"setting": prepare_torch(*device), "batch_size": embedding["batch_size"]}
    (cnn,) = read_models(given["cnn"]).values()
    parts, curves = [], {}
    paths = zip(tasks, given["embeddings"], given["images"], strict=True)
    for task, features_path, images_path in paths:
        if unavailable(features_path):
            continue
        logger.info("embedding %s through the CNN", task)
        features, labels = read_embedding(features_path)
        images = read_images(images_path, embedding["split"], normalization)
        same = images.part(slice(len(labels)))
        by_cnn = embed_by_cnn(architecture, cnn.weights, same, **how)
        table, shares = measure_complexity({**features, CNN: by_cnn})
        names = {"experiment": experiment, "task": task, "group": group_of(task)}
        parts.append(with_columns(table, **names))
        curves |= {f"{task}/{m}": each.astype("f4") for m, each in shares.items()}
    complexity = pd.concat(parts, ignore_index=True)
    write_table(made["table"], complexity)
    write_npz(made["curves"], curves)
    words = architecture if isinstance(architecture, str) else "a small ResNet"
    write_text(made["page"], complexity_page(complexity, words))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            dict(snakemake.input.items()),
            dict(snakemake.output.items()),
            **params_as_kwargs(snakemake.params),
        )

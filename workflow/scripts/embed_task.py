"""Embed a task's images through the backbone and through every source-trained model."""

import json
from dataclasses import replace
from typing import Any

from peftdiff.embedding import embed
from peftdiff.imagesets import read_images
from peftdiff.records import streaming_arrays
from peftdiff.runs import read_models
from peftdiff.runtime import job, logger, named, resolve_setting, use_threads
from peftdiff.stages import embedding_models


def main(
    images_path: str,
    backbone_path: str,
    method_paths: list[str],
    path: str,
    *,
    architecture: dict[str, int],
    hyperparameters: dict[str, dict[str, Any]],
    embedding: dict[str, Any],
    normalization: dict[str, float],
    device: tuple[str, str],
) -> None:
    """Write the labels and, per model and seed, the features of a task's images."""
    use_threads(1)
    setting = resolve_setting(*device)
    images = read_images(images_path, embedding["split"], normalization)
    (backbone,) = read_models(backbone_path).values()
    count = min(len(images.labels), embedding["max_images"])
    images = replace(images, pixels=images.pixels[:count], labels=images.labels[:count])
    trained = dict(zip(hyperparameters, map(read_models, method_paths), strict=True))
    models = embedding_models(architecture, backbone, hyperparameters, trained)
    shapes = {name: ((count, m.num_features), "float32") for name, m in models.items()}
    shapes["labels"] = ((count,), "int64")
    metadata = {"class_names": json.dumps(images.class_names[0])}
    with streaming_arrays(path, shapes, metadata) as arrays:
        arrays["labels"][:] = images.labels
        for name, model in models.items():
            logger.info("embedding %d images through %s", count, name)
            size = embedding["batch_size"]
            embed(model, images, arrays[name], setting=setting, batch_size=size)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.input.methods,
            snakemake.output[0],
            **named(snakemake.params),
        )

"""Embed a task's images through the backbone and through every source-trained model."""

import json
from typing import Any

from peftdiff.embedding import embed_models
from peftdiff.imagesets import read_images
from peftdiff.models import BACKBONE
from peftdiff.records import labelled, passed_on, streaming_arrays, write_table
from peftdiff.runs import read_models
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.stages import embedding_models
from peftdiff.tasks import group_of


def main(
    images_path: str,
    backbone_path: str,
    method_paths: list[str],
    path: str,
    times_path: str,
    *,
    experiment: str,
    task: str,
    architecture: dict[str, Any],
    hyperparameters: dict[str, dict[str, Any]],
    embedding: dict[str, Any],
    normalization: dict[str, Any],
    device: tuple[str, str],
) -> None:
    """Write the labels and the features of a task's images, and how long each took."""
    names = {"experiment": experiment, "task": task, "group": group_of(task)}
    if passed_on(images_path, path, times_path, **names):
        return
    use_threads(1)
    how = {"setting": resolve_setting(*device), "batch_size": embedding["batch_size"]}
    images = read_images(images_path, embedding["split"], normalization)
    (backbone,) = read_models(backbone_path).values()
    images = images.part(slice(embedding["max_images"]))
    trained = dict(zip(hyperparameters, map(read_models, method_paths), strict=True))
    makers = embedding_models(architecture, backbone, hyperparameters, trained)
    count, width = len(images.labels), makers[BACKBONE]().num_features
    shapes = {name: ((count, width), "float32") for name in makers}
    shapes |= {"labels": ((count,), "int64")}
    class_names = {"class_names": json.dumps(images.class_names[0])}
    with streaming_arrays(path, shapes, class_names) as arrays:
        arrays["labels"][:] = images.labels
        times = embed_models(makers, images, arrays, **how)
    write_table(times_path, labelled(times, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.input.methods,
            *snakemake.output,
            task=snakemake.wildcards.task,
            **named(snakemake.params),
        )

"""Embed a task's images through the backbone and through every source-trained model."""

from peftdiff.data.images import read_images
from peftdiff.embeddings import BACKBONE_MODEL, writing_embedding
from peftdiff.models.device import prepare_torch
from peftdiff.models.forward import embed_models
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import embedding_models
from peftdiff.stages.noah.search import with_searched_sizes
from peftdiff.stages.plan import Config
from peftdiff.stages.store import read_models


def main(
    images_path: str,
    path: str,
    times_path: str,
    *,
    backbone_path: str,
    method_paths: list[str],
    sizes_path: str | None,
    names: dict[str, str],
    architecture: Config,
    hyperparameters: dict[str, Config],
    embedding: Config,
    normalization: Config,
    device: str,
    precision: str,
) -> None:
    """Write the labels and the features of a task's images, and how long each took.

    `method_paths` are those of the pool's methods, `sizes_path` that of NOAH's sizes,
    if they were searched.
    """
    if propagate_unavailable(images_path, path, times_path, **names):
        return
    setting = prepare_torch(device, precision)
    images = read_images(images_path, embedding["split"], normalization)
    images = images.part(slice(embedding["max_images"]))
    (backbone,) = read_models(backbone_path).values()
    trained = dict(zip(hyperparameters, map(read_models, method_paths), strict=True))
    makers = embedding_models(
        architecture,
        backbone=backbone,
        hyperparameters=with_searched_sizes(hyperparameters, sizes_path),
        trained=trained,
    )
    with writing_embedding(
        path,
        makers,
        width=makers[BACKBONE_MODEL]().num_features,
        labels=images.labels,
        class_names=images.class_names[0],
    ) as features:
        times = embed_models(
            makers,
            images,
            features,
            setting=setting,
            batch_size=embedding["batch_size"],
        )
    write_table(times_path, with_columns(times, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.output.embedding,
            snakemake.output.times,
            backbone_path=snakemake.input.backbone,
            method_paths=list(snakemake.input.methods),
            sizes_path=snakemake.input.sizes or None,
            **params_as_kwargs(snakemake.params),
        )

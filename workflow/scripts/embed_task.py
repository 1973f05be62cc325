"""Embed a task's images through the backbone and through every source-trained model."""

from peftdiff.data.images import read_images
from peftdiff.embeddings import BACKBONE, writing_embedding
from peftdiff.models.device import prepare_torch
from peftdiff.models.forward import embed_models
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import embedding_models
from peftdiff.stages.plan import Config
from peftdiff.stages.store import read_models


def main(
    images_path: str,
    backbone_path: str,
    method_paths: list[str],
    path: str,
    times_path: str,
    *,
    names: dict[str, str],
    architecture: Config,
    hyperparameters: dict[str, Config],
    embedding: Config,
    normalization: Config,
    device: tuple[str, str],
) -> None:
    """Write the labels and the features of a task's images, and how long each took."""
    if propagate_unavailable(images_path, path, times_path, **names):
        return
    how = {"setting": prepare_torch(*device), "batch_size": embedding["batch_size"]}
    images = read_images(images_path, embedding["split"], normalization)
    images = images.part(slice(embedding["max_images"]))
    (backbone,) = read_models(backbone_path).values()
    trained = dict(zip(hyperparameters, map(read_models, method_paths), strict=True))
    makers = embedding_models(architecture, backbone, hyperparameters, trained)
    made = (makers[BACKBONE]().num_features, images.labels, images.class_names[0])
    with writing_embedding(path, makers, *made) as features:
        times = embed_models(makers, images, features, **how)
    write_table(times_path, with_columns(times, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.input.methods,
            *snakemake.output,
            **params_as_kwargs(snakemake.params),
        )

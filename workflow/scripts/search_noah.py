"""Search NOAH's sizes on the source: train the supernet, then compare candidates."""

from peftdiff.data.images import read_images
from peftdiff.records import write_json
from peftdiff.runtime import job
from peftdiff.stages import TrainingContext
from peftdiff.stages.noah.search import (
    hold_out_by_class,
    noah_plans,
    search_sizes,
    train_supernet,
)
from peftdiff.stages.plan import Config
from peftdiff.stages.store import read_models


def main(
    images_path: str,
    backbone_path: str,
    path: str,
    *,
    architecture: Config,
    noah: Config,
    hyperparameters: Config,
    context: TrainingContext,
) -> None:
    """Write the sizes of the best candidate, and how it was found, to `path`."""
    # The supernet sees the center of larger images, which are kept for random crops.
    images = read_images(images_path, "train", context.normalization).center(
        architecture["image_size"]
    )
    (backbone,) = read_models(backbone_path).values()
    training, evolution = noah_plans(
        noah,
        backbone=backbone.key,
        hyperparameters=hyperparameters,
        data=context.data(images.checksum),
        setting=context.setting,
    )
    train_images, held_out = hold_out_by_class(
        images, noah["validation_share"], noah["seed"]
    )
    supernet = train_supernet(
        training,
        store=context.store,
        images=train_images,
        architecture=architecture,
        backbone=backbone.weights,
    )
    found = search_sizes(
        evolution,
        store=context.store,
        held_out=held_out,
        architecture=architecture,
        backbone=backbone.weights,
        weights=supernet.weights,
    )
    write_json(path, found.result)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.output[0],
            architecture=snakemake.params.architecture,
            noah=snakemake.params.noah,
            hyperparameters=snakemake.params.hyperparameters,
            context=TrainingContext.prepare(**snakemake.params.context),
        )

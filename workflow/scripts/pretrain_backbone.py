"""Pre-train the backbone from scratch."""

from peftdiff.data.images import read_images
from peftdiff.runtime import job
from peftdiff.stages import TrainingContext, pretrain_backbone
from peftdiff.stages.plan import Config
from peftdiff.stages.pretraining import backbone_plan
from peftdiff.stages.store import write_models


def main(
    images_path: str, path: str, *, backbone: Config, context: TrainingContext
) -> None:
    """Write the backbone's weights to `path`."""
    images = read_images(images_path, "train", context.normalization)
    plan = backbone_plan(backbone, context.data(images.checksum), context.setting)
    run = pretrain_backbone(plan, store=context.store, images=images)
    write_models(path, {plan.seed: run})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input[0],
            snakemake.output[0],
            backbone=snakemake.params.backbone,
            context=TrainingContext.prepare(
                **snakemake.params.context, threads=snakemake.params.backbone["threads"]
            ),
        )

"""Train the CNN whose embeddings are compared, or fetch it where timm has it."""

from peftdiff.data.images import read_images
from peftdiff.runtime import digest, job
from peftdiff.stages import TrainingContext, fetch_cnn, train_cnn
from peftdiff.stages.plan import Config
from peftdiff.stages.pretraining import cnn_plan
from peftdiff.stages.store import Run, write_models


def main(
    images_path: str | None, path: str, *, cnn: Config, context: TrainingContext
) -> None:
    """Write the CNN's weights to `path`; no images are read to fetch them."""
    if images_path is None:
        name = cnn["architecture"]
        run = Run(digest(name), {}, fetch_cnn(name))
    else:
        images = read_images(images_path, "train", context.normalization)
        plan = cnn_plan(cnn, context.data(images.checksum), context.setting)
        assert plan is not None  # a CNN with a name is given no images
        run = train_cnn(plan, store=context.store, images=images)
    write_models(path, {cnn["seed"]: run})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.get("images"),
            snakemake.output[0],
            cnn=snakemake.params.cnn,
            context=TrainingContext.prepare(**snakemake.params.context),
        )

"""Train the CNN whose embeddings are compared, or fetch it where timm has it."""

from peftdiff.imagesets import read_images
from peftdiff.plans import Config, cnn_plan
from peftdiff.runs import Run, write_models
from peftdiff.runtime import digest, job, named
from peftdiff.stages import Conditions, fetch_cnn, train_cnn


def main(
    images_path: str | None, path: str, *, cnn: Config, **conditions: object
) -> None:
    """Write the CNN's weights to `path`; no images are read to fetch them.

    `conditions` are `stages.Conditions`.
    """
    common = Conditions(**conditions)
    if images_path is None:
        name = cnn["architecture"]
        run = Run(digest(name), {}, fetch_cnn(name))
    else:
        images = read_images(images_path, "train", common.normalization)
        plan = cnn_plan(cnn, common.data(images.checksum), common.setting())
        run = train_cnn(common.runs(), plan, images)
    write_models(path, {cnn["seed"]: run})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.get("images"),
            snakemake.output[0],
            **named(snakemake.params),
        )

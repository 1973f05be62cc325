"""Pre-train the backbone from scratch."""

from peftdiff.data.images import read_images
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import Conditions, pretrain_backbone
from peftdiff.stages.plan import Config
from peftdiff.stages.pretraining import backbone_plan
from peftdiff.stages.store import write_models


def main(
    images_path: str, path: str, *, backbone: Config, **conditions: object
) -> None:
    """Write the backbone's weights to `path`; `conditions` are `stages.Conditions`."""
    common = Conditions(**conditions)
    images = read_images(images_path, "train", common.normalization)
    data, setting = common.data(images.checksum), common.setting(backbone["threads"])
    plan = backbone_plan(backbone, data, setting)
    write_models(path, {plan.seed: pretrain_backbone(common.runs(), plan, images)})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input[0],
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

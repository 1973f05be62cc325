"""Pre-train the backbone from scratch."""

from typing import Any

from peftdiff.imagesets import read_images
from peftdiff.plans import backbone_plan, data_of
from peftdiff.runs import RunStore, write_models
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.stages import pretrain_backbone


def main(
    images_path: str,
    path: str,
    *,
    backbone: dict[str, Any],
    normalization: dict[str, Any],
    device: tuple[str, str],
    store: tuple[str, bool],
) -> None:
    """Write the backbone's weights to `path`."""
    use_threads(backbone["threads"])
    images = read_images(images_path, "train", normalization)
    data = data_of([images.checksum], normalization)
    plan = backbone_plan(backbone, data, resolve_setting(*device))
    run = pretrain_backbone(RunStore(store[0], retrain=store[1]), plan, images)
    write_models(path, {plan.seed: run})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output[0], **named(snakemake.params))

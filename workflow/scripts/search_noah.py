"""Search NOAH's sizes on the source: train the supernet, then compare candidates."""

from peftdiff.data.images import read_images
from peftdiff.records import write_json
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import Conditions
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
    **conditions: object,
) -> None:
    """Write the sizes of the best candidate, and how it was found, to `path`.

    `conditions` are `stages.Conditions`.
    """
    common = Conditions(**conditions)
    # The supernet sees the center of larger images, which are kept for random crops.
    images = read_images(images_path, "train", common.normalization).center(
        architecture["image_size"]
    )
    (backbone,) = read_models(backbone_path).values()
    made = (noah, hyperparameters, common.data(images.checksum))
    plans = noah_plans(backbone.key, *made, common.setting())
    split = hold_out_by_class(images, noah["validation_share"], noah["seed"])
    runs, start = common.runs(), (architecture, backbone.weights)
    supernet = train_supernet(runs, plans[0], split[0], *start)
    found = search_sizes(runs, plans[1], split[1], *start, supernet.weights)
    write_json(path, found.result)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

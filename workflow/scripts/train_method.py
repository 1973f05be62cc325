"""Train a method on the source, one run per source seed, backbone frozen."""

from peftdiff.data.images import read_images
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import Conditions, train_method
from peftdiff.stages.plan import Config
from peftdiff.stages.source_training import source_plans
from peftdiff.stages.store import read_models, write_models


def main(
    images_path: str,
    backbone_path: str,
    path: str,
    *,
    method: str,
    architecture: Config,
    hyperparameters: Config,
    recipe: Config,
    seeds: list[int],
    workers: int = 0,
    **conditions: object,
) -> None:
    """Write the method's weights of all source seeds to `path`.

    `workers` processes augment images beside this one; the weights are the same.
    `conditions` are `stages.Conditions`.
    """
    common = Conditions(**conditions)
    images = read_images(images_path, "train", common.normalization)
    (backbone,) = read_models(backbone_path).values()
    made = (hyperparameters, recipe, seeds, common.data(images.checksum))
    plans = source_plans(backbone.key, method, *made, common.setting())
    runs, start = common.runs(), (architecture, backbone.weights, workers)
    write_models(path, {p.seed: train_method(runs, p, images, *start) for p in plans})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.output[0],
            method=snakemake.wildcards.method,
            workers=snakemake.threads - 1,
            **params_as_kwargs(snakemake.params),
        )

"""Train a method on the source, one run per source seed, backbone frozen."""

from typing import Any

from peftdiff.imagesets import read_images
from peftdiff.plans import data_of, source_plans
from peftdiff.runs import RunStore, read_models, write_models
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.stages import train_method


def main(
    images_path: str,
    backbone_path: str,
    path: str,
    *,
    method: str,
    architecture: dict[str, Any],
    hyperparameters: dict[str, Any],
    recipe: dict[str, Any],
    seeds: list[int],
    normalization: dict[str, Any],
    device: tuple[str, str],
    store: tuple[str, bool],
    workers: int = 0,
) -> None:
    """Write the method's weights of all source seeds to `path`.

    `workers` processes augment images beside this one; the weights are the same.
    """
    use_threads(1)
    images = read_images(images_path, "train", normalization)
    (backbone,) = read_models(backbone_path).values()
    made = (hyperparameters, recipe, seeds, data_of([images.checksum], normalization))
    plans = source_plans(backbone.key, method, *made, resolve_setting(*device))
    runs = RunStore(store[0], retrain=store[1])
    start = (architecture, backbone.weights, workers)
    write_models(path, {p.seed: train_method(runs, p, images, *start) for p in plans})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.output[0],
            method=snakemake.wildcards.method,
            workers=snakemake.threads - 1,
            **named(snakemake.params),
        )

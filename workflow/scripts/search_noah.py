"""Search NOAH's sizes on the source: train the supernet, then compare candidates."""

from typing import Any

from peftdiff.imagesets import read_images
from peftdiff.plans import data_of, noah_plans
from peftdiff.records import write_json
from peftdiff.runs import RunStore, read_models
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.search.stages import hold_out_by_class, search_sizes, train_supernet


def main(
    images_path: str,
    backbone_path: str,
    path: str,
    *,
    architecture: dict[str, Any],
    noah: dict[str, Any],
    hyperparameters: dict[str, Any],
    normalization: dict[str, Any],
    device: tuple[str, str],
    store: tuple[str, bool],
) -> None:
    """Write the sizes of the best candidate, and how it was found, to `path`."""
    use_threads(1)
    # The supernet sees the center of larger images, which are kept for random crops.
    images = read_images(images_path, "train", normalization).center(
        architecture["image_size"]
    )
    (backbone,) = read_models(backbone_path).values()
    made = (noah, hyperparameters, data_of([images.checksum], normalization))
    plans = noah_plans(backbone.key, *made, resolve_setting(*device))
    split = hold_out_by_class(images, noah["validation_share"], noah["seed"])
    runs = RunStore(store[0], retrain=store[1])
    start = (architecture, backbone.weights)
    supernet = train_supernet(runs, plans[0], split[0], *start)
    found = search_sizes(runs, plans[1], split[1], *start, supernet.weights)
    write_json(path, found.result)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.output[0],
            **named(snakemake.params),
        )

"""Train the CNN whose embeddings are compared, or fetch it where timm has it."""

from typing import Any

from peftdiff.imagesets import read_images
from peftdiff.plans import cnn_plan, data_of
from peftdiff.runs import Run, RunStore, write_models
from peftdiff.runtime import digest, job, named, resolve_setting, use_threads
from peftdiff.stages import fetch_cnn, train_cnn


def main(
    images_path: str | None,
    path: str,
    *,
    cnn: dict[str, Any],
    normalization: dict[str, Any],
    device: tuple[str, str],
    store: tuple[str, bool],
) -> None:
    """Write the CNN's weights to `path`; no images are read to fetch them."""
    use_threads(1)
    if images_path is None:
        name = cnn["architecture"]
        run = Run(digest(name), {}, fetch_cnn(name))
    else:
        images = read_images(images_path, "train", normalization)
        data = data_of([images.checksum], normalization)
        plan = cnn_plan(cnn, data, resolve_setting(*device))
        run = train_cnn(RunStore(store[0], retrain=store[1]), plan, images)
    write_models(path, {cnn["seed"]: run})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.get("images"),
            snakemake.output[0],
            **named(snakemake.params),
        )

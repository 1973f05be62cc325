"""Fine-tune every method and reference on a task, or compare recipes for doing so."""

from typing import Any

from peftdiff.imagesets import hold_out, read_images
from peftdiff.methods import METHODS
from peftdiff.plans import data_of, truth_plans, validation_plans
from peftdiff.records import labelled, write_table
from peftdiff.runs import RunStore, read_models
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.stages import fine_tune_pool
from peftdiff.tasks import TASKS


def main(
    images_path: str,
    backbone_path: str,
    method_paths: list[str],
    path: str,
    *,
    experiment: str,
    task: str,
    architecture: dict[str, int],
    hyperparameters: dict[str, dict[str, Any]],
    truth: dict[str, Any],
    validate: bool,
    normalization: dict[str, float],
    device: tuple[str, str],
    store: tuple[str, bool],
) -> None:
    """Write one task's accuracies to `path`.

    The accuracies are those on the test images; with `validate`, those on held-out
    training images, at several learning rates, and no test image is read.
    """
    use_threads(1)
    train = read_images(images_path, "train", normalization)
    if validate:
        splits, read = hold_out(train, truth["validation"]["share"]), [train]
    else:
        splits = read = [train, read_images(images_path, "test", normalization)]
    data = data_of([images.checksum for images in read], normalization)
    (backbone,) = read_models(backbone_path).values()
    pool = [method for method in hyperparameters if METHODS[method].in_pool]
    models = {reference: {0: backbone} for reference in hyperparameters}
    models |= dict(zip(pool, map(read_models, method_paths), strict=True))
    starts = {m: {s: run.key for s, run in runs.items()} for m, runs in models.items()}
    weights = {run.key: run.weights for m in pool for run in models[m].values()}
    plan = validation_plans if validate else truth_plans
    plans = plan(starts, hyperparameters, truth, data, resolve_setting(*device))
    runs = RunStore(store[0], retrain=store[1])
    start = (architecture, backbone.weights, weights)
    names = {"experiment": experiment, "task": task, "group": TASKS[task].group}
    write_table(path, labelled(fine_tune_pool(runs, plans, *splits, *start), **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.input.methods,
            snakemake.output[0],
            task=snakemake.wildcards.task,
            **named(snakemake.params),
        )

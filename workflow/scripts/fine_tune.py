"""Fine-tune every method and reference on a task, or compare recipes for doing so."""

from typing import Any

import pandas as pd

from peftdiff.imagesets import hold_out, read_images
from peftdiff.methods import METHODS
from peftdiff.plans import data_of, truth_plans, validation_plans
from peftdiff.records import write_table
from peftdiff.runs import RunStore, read_models
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.stages import fine_tune
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
        splits, checksums = hold_out(train, truth["validation"]["share"]), [train]
    else:
        splits = (train, read_images(images_path, "test", normalization))
        checksums = list(splits)
    data = data_of([images.checksum for images in checksums], normalization)
    (backbone,) = read_models(backbone_path).values()
    pool = [method for method in hyperparameters if METHODS[method].in_pool]
    models = {reference: {0: backbone} for reference in hyperparameters}
    models |= dict(zip(pool, map(read_models, method_paths), strict=True))
    starts = {m: {s: run.key for s, run in runs.items()} for m, runs in models.items()}
    weights = {r.key: r.weights for m in pool for r in models[m].values()}
    plans = (validation_plans if validate else truth_plans)(
        starts, hyperparameters, truth, data, resolve_setting(*device)
    )
    runs, rows = RunStore(store[0], retrain=store[1]), []
    for plan in plans:
        start = (architecture, backbone.weights, weights.get(plan.start))
        row = {"experiment": experiment, "task": task, "group": TASKS[task].group}
        row |= {"method": plan.method, "in_pool": METHODS[plan.method].in_pool}
        row |= {"seed": plan.seed} | fine_tune(runs, plan, *splits, *start).result
        row |= {"learning_rate": plan.recipe["learning_rate"]}
        rows.append(row | {"device": plan.setting.device})
    write_table(path, pd.DataFrame(rows))


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

"""Fine-tune every method and reference on a task, or compare recipes for doing so."""

from typing import Any

from peftdiff.imagesets import read_splits
from peftdiff.methods import METHODS
from peftdiff.plans import data_of, truth_plans, validation_plans
from peftdiff.records import labelled, passed_on, write_table
from peftdiff.runs import RunStore, read_models
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.stages import fine_tune_pool, starting_points
from peftdiff.tasks import group_of


def main(
    images_path: str,
    backbone_path: str,
    method_paths: list[str],
    path: str,
    *,
    experiment: str,
    task: str,
    architecture: dict[str, Any],
    hyperparameters: dict[str, dict[str, Any]],
    truth: dict[str, Any],
    validate: bool,
    normalization: dict[str, Any],
    device: tuple[str, str],
    store: tuple[str, bool],
) -> None:
    """Write one task's accuracies on its test images, or on held-out training ones."""
    names = {"experiment": experiment, "task": task, "group": group_of(task)}
    if passed_on(images_path, path, **names):
        return
    use_threads(1)
    share = truth["validation"]["share"] if validate else None
    splits, checksums = read_splits(images_path, normalization, share)
    data = data_of(checksums, normalization)
    (backbone,) = read_models(backbone_path).values()
    pool = [method for method in hyperparameters if METHODS[method].in_pool]
    trained = dict(zip(pool, map(read_models, method_paths), strict=True))
    starts, weights = starting_points(hyperparameters, backbone, trained)
    plan = validation_plans if validate else truth_plans
    plans = plan(starts, hyperparameters, truth, data, resolve_setting(*device))
    start = (architecture, backbone.weights, weights)
    rows = fine_tune_pool(RunStore(store[0], retrain=store[1]), plans, *splits, *start)
    write_table(path, labelled(rows, **names))


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

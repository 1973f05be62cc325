"""Compare recipes of methods and references on held-out training images of a task."""

from typing import Any

from peftdiff.imagesets import read_splits
from peftdiff.plans import data_of, selection_plans
from peftdiff.records import labelled, passed_on, write_table
from peftdiff.runs import RunStore
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.stages import fine_tune_pool, read_starting_points
from peftdiff.tasks import group_of


def main(
    images_path: str,
    model_paths: tuple[str, list[str]],
    path: str,
    *,
    experiment: str,
    task: str,
    architecture: dict[str, Any],
    hyperparameters: dict[str, dict[str, Any]],
    truth: dict[str, Any],
    normalization: dict[str, Any],
    device: tuple[str, str],
    store: tuple[str, bool],
) -> None:
    """Write the held-out accuracies of every candidate; no test image is read.

    `model_paths` are those of the backbone and of each method in the pool.
    """
    names = {"experiment": experiment, "task": task, "group": group_of(task)}
    if passed_on(images_path, path, **names):
        return
    use_threads(1)
    share = truth["selection"]["share"]
    splits, checksums = read_splits(images_path, normalization, share)
    starts, *start = read_starting_points(hyperparameters, *model_paths)
    made = (starts, hyperparameters, truth, data_of(checksums, normalization))
    plans = selection_plans(*made, resolve_setting(*device))
    runs = RunStore(store[0], retrain=store[1])
    rows = fine_tune_pool(runs, plans, *splits, architecture, *start)
    write_table(path, labelled(rows, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            (snakemake.input.backbone, list(snakemake.input.methods)),
            snakemake.output[0],
            task=snakemake.wildcards.task,
            **named(snakemake.params),
        )

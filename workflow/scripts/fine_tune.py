"""Fine-tune methods and references on a task, and measure them on its test images."""

from typing import Any

from peftdiff.imagesets import read_splits
from peftdiff.plans import data_of, select_recipe, truth_plans
from peftdiff.records import labelled, passed_on, read_table, write_table
from peftdiff.runs import RunStore
from peftdiff.runtime import job, named, resolve_setting, use_threads
from peftdiff.stages import fine_tune_pool, read_starting_points
from peftdiff.tasks import group_of


def main(
    images_path: str,
    model_paths: tuple[str, list[str]],
    selection_path: str | None,
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
    """Write the accuracies by the configured recipes, or by selected ones.

    `model_paths` are the backbone's and each pool method's; `selection_path` is that of
    the candidates' held-out accuracies.
    """
    names = {"experiment": experiment, "task": task, "group": group_of(task)}
    if passed_on(images_path, path, **names):
        return
    use_threads(1)
    splits, checksums = read_splits(images_path, normalization)
    starts, *start = read_starting_points(hyperparameters, *model_paths)
    table = read_table(selection_path).groupby("method") if selection_path else ()
    held_out = {str(method): list(rows["accuracy"]) for method, rows in table}
    recipes = {m: select_recipe(truth, m, found) for m, found in held_out.items()}
    made = (starts, hyperparameters, truth, data_of(checksums, normalization))
    plans = truth_plans(*made, resolve_setting(*device), recipes or None)
    runs = RunStore(store[0], retrain=store[1])
    rows = fine_tune_pool(runs, plans, *splits, architecture, *start)
    if held_out:
        rows["validation_accuracy"] = [max(held_out[m]) for m in rows["method"]]
    write_table(path, labelled(rows, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            (snakemake.input.backbone, list(snakemake.input.methods)),
            snakemake.input.get("selection"),
            snakemake.output[0],
            task=snakemake.wildcards.task,
            **named(snakemake.params),
        )

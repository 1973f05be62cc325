"""Fine-tune methods and references on a task, and measure them on its test images."""

from peftdiff.data.images import read_splits
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import Conditions, fine_tune_pool, read_held_out, read_starts
from peftdiff.stages.fine_tuning import select_recipe, truth_plans
from peftdiff.stages.plan import Config


def main(
    images_path: str,
    model_paths: tuple[str, list[str]],
    selection_path: str | None,
    path: str,
    *,
    names: dict[str, str],
    architecture: Config,
    hyperparameters: dict[str, Config],
    truth: Config,
    **conditions: object,
) -> None:
    """Write the accuracies by the configured recipes, or by selected ones.

    `model_paths` are the backbone's and each pool method's; `selection_path` is that of
    the candidates' held-out accuracies; `conditions` are `stages.Conditions`.
    """
    if propagate_unavailable(images_path, path, **names):
        return
    common = Conditions(**conditions)
    splits, checksums = read_splits(images_path, common.normalization)
    starts, *start = read_starts(hyperparameters, *model_paths)
    held_out = read_held_out(selection_path) if selection_path else {}
    recipes = {m: select_recipe(truth, m, found) for m, found in held_out.items()}
    made = (starts, hyperparameters, truth, common.data(*checksums))
    plans = truth_plans(*made, common.setting(), recipes or None)
    rows = fine_tune_pool(common.runs(), plans, *splits, architecture, *start)
    if held_out:
        rows["validation_accuracy"] = [max(held_out[m]) for m in rows["method"]]
    write_table(path, with_columns(rows, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            (snakemake.input.backbone, list(snakemake.input.methods)),
            snakemake.input.get("selection"),
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

"""Fine-tune methods and references on a task, and measure them on its test images."""

from peftdiff.data.images import read_splits
from peftdiff.evaluation.standings import describe_test_set
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job
from peftdiff.stages import (
    TrainingContext,
    fine_tune_pool,
    read_held_out,
    read_starting_models,
)
from peftdiff.stages.fine_tuning import select_recipe, truth_plans
from peftdiff.stages.noah.search import with_searched_sizes
from peftdiff.stages.plan import Config, recipe_of


def main(
    images_path: str,
    path: str,
    *,
    backbone_path: str,
    method_paths: list[str],
    sizes_path: str | None,
    selection_path: str | None,
    names: dict[str, str],
    architecture: Config,
    hyperparameters: dict[str, Config],
    truth: Config,
    context: TrainingContext,
) -> None:
    """Write the accuracies by the configured recipes, or by selected ones.

    `method_paths` are those of the pool's methods, `sizes_path` that of NOAH's sizes,
    if they were searched, and `selection_path` that of the candidates' held-out
    accuracies, if recipes are selected.
    """
    if propagate_unavailable(images_path, path, **names):
        return
    (train_images, test_images), checksums = read_splits(
        images_path, context.normalization
    )
    start = read_starting_models(
        architecture, hyperparameters, backbone_path, method_paths
    )
    held_out = read_held_out(selection_path) if selection_path else {}
    recipes = {
        method: select_recipe(truth, method, held_out[method])
        if held_out
        else recipe_of(truth, method)
        for method in hyperparameters
    }
    plans = truth_plans(
        start.keys(hyperparameters),
        recipes,
        hyperparameters=with_searched_sizes(hyperparameters, sizes_path),
        seeds=truth["seeds"],
        data=context.data(*checksums),
        setting=context.setting,
    )
    rows = fine_tune_pool(
        plans,
        store=context.store,
        train_images=train_images,
        test_images=test_images,
        start=start,
    )
    if held_out:
        rows["validation_accuracy"] = [max(held_out[m]) for m in rows["method"]]
    (class_names,) = test_images.class_names
    rows = rows.assign(**describe_test_set(test_images.labels, class_names))
    write_table(path, with_columns(rows, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.output[0],
            backbone_path=snakemake.input.backbone,
            method_paths=list(snakemake.input.methods),
            sizes_path=snakemake.input.sizes or None,
            selection_path=snakemake.input.get("selection"),
            names=snakemake.params.names,
            architecture=snakemake.params.architecture,
            hyperparameters=snakemake.params.hyperparameters,
            truth=snakemake.params.truth,
            context=TrainingContext.prepare(**snakemake.params.context),
        )

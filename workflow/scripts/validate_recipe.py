"""Compare recipes of methods and references on held-out training images of a task."""

from peftdiff.data.images import read_splits
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job
from peftdiff.stages import TrainingContext, fine_tune_pool, read_starting_models
from peftdiff.stages.fine_tuning import selection_plans
from peftdiff.stages.noah.search import with_searched_sizes
from peftdiff.stages.plan import Config


def main(
    images_path: str,
    path: str,
    *,
    backbone_path: str,
    method_paths: list[str],
    sizes_path: str | None,
    names: dict[str, str],
    architecture: Config,
    hyperparameters: dict[str, Config],
    truth: Config,
    context: TrainingContext,
) -> None:
    """Write the held-out accuracies of every candidate; no test image is read.

    `method_paths` are those of the pool's methods, `sizes_path` that of NOAH's sizes,
    if they were searched.
    """
    if propagate_unavailable(images_path, path, **names):
        return
    (train_images, held_out_images), checksums = read_splits(
        images_path, context.normalization, truth["selection"]["share"]
    )
    start = read_starting_models(
        architecture, hyperparameters, backbone_path, method_paths
    )
    plans = selection_plans(
        start.keys(hyperparameters),
        hyperparameters=with_searched_sizes(hyperparameters, sizes_path),
        truth=truth,
        data=context.data(*checksums),
        setting=context.setting,
    )
    rows = fine_tune_pool(
        plans,
        store=context.store,
        train_images=train_images,
        test_images=held_out_images,
        start=start,
    )
    write_table(path, with_columns(rows, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.output[0],
            backbone_path=snakemake.input.backbone,
            method_paths=list(snakemake.input.methods),
            sizes_path=snakemake.input.sizes or None,
            names=snakemake.params.names,
            architecture=snakemake.params.architecture,
            hyperparameters=snakemake.params.hyperparameters,
            truth=snakemake.params.truth,
            context=TrainingContext.prepare(**snakemake.params.context),
        )

"""Train a method on the source, one run per source seed, backbone frozen."""

from peftdiff.data.images import read_images
from peftdiff.runtime import job
from peftdiff.stages import TrainingContext, train_method
from peftdiff.stages.noah.search import with_searched_sizes
from peftdiff.stages.plan import Config
from peftdiff.stages.source_training import source_plans
from peftdiff.stages.store import read_models, write_models
from peftdiff.training.recipe import Recipe


def main(
    images_path: str,
    backbone_path: str,
    path: str,
    *,
    sizes_path: str | None,
    method: str,
    architecture: Config,
    hyperparameters: Config,
    recipe: Recipe,
    seeds: list[int],
    context: TrainingContext,
    workers: int = 0,
) -> None:
    """Write the method's weights of all source seeds to `path`.

    `sizes_path` has NOAH's sizes, if they were searched. `workers` processes augment
    images beside this one; the weights are the same.
    """
    hyperparameters = with_searched_sizes({method: hyperparameters}, sizes_path)[method]
    images = read_images(images_path, "train", context.normalization)
    (backbone,) = read_models(backbone_path).values()
    plans = source_plans(
        method,
        backbone=backbone.key,
        hyperparameters=hyperparameters,
        recipe=recipe,
        seeds=seeds,
        data=context.data(images.checksum),
        setting=context.setting,
    )
    runs = {
        plan.seed: train_method(
            plan,
            store=context.store,
            images=images,
            architecture=architecture,
            backbone=backbone.weights,
            workers=workers,
        )
        for plan in plans
    }
    write_models(path, runs)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.backbone,
            snakemake.output[0],
            sizes_path=snakemake.input.sizes or None,
            method=snakemake.wildcards.method,
            architecture=snakemake.params.architecture,
            hyperparameters=snakemake.params.hyperparameters,
            recipe=Recipe.of(snakemake.params.recipe),
            seeds=snakemake.params.seeds,
            context=TrainingContext.prepare(**snakemake.params.context),
            workers=snakemake.threads - 1,
        )

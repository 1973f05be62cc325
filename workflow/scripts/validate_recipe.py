"""Compare recipes of methods and references on held-out training images of a task."""

from peftdiff.data.images import read_splits
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import Conditions, fine_tune_pool, read_starts
from peftdiff.stages.fine_tuning import selection_plans
from peftdiff.stages.plan import Config


def main(
    images_path: str,
    model_paths: tuple[str, list[str]],
    path: str,
    *,
    names: dict[str, str],
    architecture: Config,
    hyperparameters: dict[str, Config],
    truth: Config,
    **conditions: object,
) -> None:
    """Write the held-out accuracies of every candidate; no test image is read.

    `model_paths` are those of the backbone and of each method in the pool; `conditions`
    are `stages.Conditions`.
    """
    if propagate_unavailable(images_path, path, **names):
        return
    common, share = Conditions(**conditions), truth["selection"]["share"]
    splits, checksums = read_splits(images_path, common.normalization, share)
    starts, *start = read_starts(hyperparameters, *model_paths)
    made = (starts, hyperparameters, truth, common.data(*checksums))
    plans = selection_plans(*made, common.setting())
    rows = fine_tune_pool(common.runs(), plans, *splits, architecture, *start)
    write_table(path, with_columns(rows, **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.images,
            (snakemake.input.backbone, list(snakemake.input.methods)),
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

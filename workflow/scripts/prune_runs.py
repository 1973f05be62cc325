"""Delete the training runs that the configuration does not refer to."""

from pathlib import Path
from typing import Any

from peftdiff.data.images import read_checksums
from peftdiff.models.device import allowed_settings
from peftdiff.runtime import job, logger, params_as_kwargs
from peftdiff.stages.experiment import referenced_runs
from peftdiff.stages.store import RunStore


def main(paths: list[str], *, config: dict[str, Any], store: str) -> None:
    """Keep the runs of this configuration, on whatever device it allows.

    `paths` are the images, and the weights of a backbone from elsewhere.
    """
    checksums = {Path(path).stem: read_checksums(path) for path in paths}
    settings = allowed_settings(config["device"], config["precision"])
    runs = RunStore(store)
    results = runs.results()
    keep = {
        key
        for setting in settings
        for key in referenced_runs(config, checksums, setting, results)
    }
    removed = runs.prune(keep)
    logger.info("deleted %d runs: %s", len(removed), " ".join(removed))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input, **params_as_kwargs(snakemake.params))

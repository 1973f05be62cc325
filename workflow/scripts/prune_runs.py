"""Delete the training runs that the configuration does not refer to."""

from pathlib import Path
from typing import Any

from peftdiff.imagesets import read_checksums
from peftdiff.plans import referenced_runs
from peftdiff.runs import RunStore
from peftdiff.runtime import allowed_settings, job, logger, named


def main(image_paths: list[str], *, config: dict[str, Any], store: str) -> None:
    """Keep the runs of this configuration, on whatever device it allows."""
    checksums = {Path(path).stem: read_checksums(path) for path in image_paths}
    settings = allowed_settings(config["device"], config["precision"])
    runs = RunStore(store)
    known = (config, checksums)
    keep = [referenced_runs(*known, setting, runs.results()) for setting in settings]
    removed = runs.prune(set().union(*keep))
    logger.info("deleted %d runs: %s", len(removed), " ".join(removed))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input, **named(snakemake.params))

"""Delete the training runs that the configuration does not refer to."""

from pathlib import Path
from typing import Any

from peftdiff.imagesets import read_checksums
from peftdiff.plans import referenced_runs
from peftdiff.runs import RunStore
from peftdiff.runtime import job, logger, named, resolve_setting


def main(image_paths: list[str], *, config: dict[str, Any], store: str) -> None:
    """Keep the runs of this configuration on this machine's device."""
    checksums = {Path(path).stem: read_checksums(path) for path in image_paths}
    setting = resolve_setting(config["device"], config["precision"])
    removed = RunStore(store).prune(referenced_runs(config, checksums, setting))
    logger.info("deleted %d runs: %s", len(removed), " ".join(removed))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input, **named(snakemake.params))

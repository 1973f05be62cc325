"""Delete the training runs that the configuration does not refer to."""

from typing import Any

from peftdiff.imagesets import read_checksums
from peftdiff.plans import referenced_runs
from peftdiff.runs import RunStore
from peftdiff.runtime import job, logger, named, resolve_setting


def main(image_paths: dict[str, str], *, config: dict[str, Any], store: str) -> None:
    """Keep the runs of this configuration on this machine's device."""
    checksums = {name: read_checksums(path) for name, path in image_paths.items()}
    setting = resolve_setting(config["device"], config["precision"])
    removed = RunStore(store).prune(referenced_runs(config, checksums, setting))
    logger.info("deleted %d runs: %s", len(removed), " ".join(removed))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(dict(snakemake.input.items()), **named(snakemake.params))

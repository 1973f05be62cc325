"""Copy an experiment's small results to where they are kept."""

import shutil
from pathlib import Path

from peftdiff.records import replacing
from peftdiff.runtime import job, logger


def main(files: list[str], *, live: str, cached: str) -> None:
    """Copy files below `live` to below `cached`, in place of all there."""
    shutil.rmtree(cached, ignore_errors=True)
    for file in files:
        with replacing(Path(cached, Path(file).relative_to(live))) as temporary:
            shutil.copyfile(file, temporary)
    logger.info("kept %d files in %s", len(files), cached)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            list(snakemake.input),
            live=snakemake.params.live,
            cached=snakemake.params.cached,
        )

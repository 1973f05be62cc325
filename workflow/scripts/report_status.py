"""Say which training runs are done, which are left, and how long those may take."""

from pathlib import Path
from typing import Any

from peftdiff.data.images import read_checksums
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages.status import runs_by_stage, setting_in_use, status_page
from peftdiff.stages.store import RunStore


def main(*, config: dict[str, Any], checked: dict[str, str], store: str) -> None:
    """Print the status; images and weights that are not there have no checksums yet."""
    unknown = {"train": "", "test": "", "weights": ""}
    checksums = {
        name: read_checksums(path) if Path(path).exists() else unknown
        for name, path in checked.items()
    }
    runs = RunStore(store)
    results, in_progress = runs.results(), runs.in_progress()
    setting = setting_in_use(config, checksums, {*results, *in_progress})
    stages = runs_by_stage(config, checksums, setting, results, in_progress)
    print(status_page(config["experiment"], setting, stages))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(**params_as_kwargs(snakemake.params))

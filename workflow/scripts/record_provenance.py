"""Record what an experiment's tables come from."""

from typing import Any

from peftdiff.provenance import provenance
from peftdiff.records import read_table, write_json
from peftdiff.runtime import job


def main(truth_path: str, path: str, *, config: dict[str, Any]) -> None:
    """Write the provenance; the device is the one that the fine-tuning ran on."""
    devices = sorted(set(read_table(truth_path)["device"]))
    write_json(path, provenance(config, devices))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.truth,
            snakemake.output[0],
            config=snakemake.params.config,
        )

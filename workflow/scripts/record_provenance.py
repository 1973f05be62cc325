"""Record what an experiment's tables come from."""

from pathlib import Path
from typing import Any

from peftdiff.data.images import read_origin
from peftdiff.records import read_table, unavailable, write_json
from peftdiff.reporting.provenance import provenance
from peftdiff.runtime import job


def main(
    truth_path: str,
    image_paths: list[str],
    path: str,
    *,
    backbone_path: str | None = None,
    config: dict[str, Any],
    missing: dict[str, str],
) -> None:
    """Write the provenance; the device is the one that fine-tuning ran on, if any did.

    Tasks made of image files add where these are from, missing ones why they are; a
    backbone from elsewhere adds its weights' source.
    """
    truth = read_table(truth_path).reindex(columns=["device"])
    devices = sorted(truth["device"].dropna().unique())
    record = provenance(config, devices)
    reasons = {Path(path).stem: unavailable(path) for path in image_paths}
    missing = missing | {task: reason for task, reason in reasons.items() if reason}
    sources = {Path(path).stem: read_origin(path) for path in image_paths}
    sources = {task: source for task, source in sources.items() if source}
    record |= {"images": sources} if sources else {}
    record |= {"backbone": read_origin(backbone_path)} if backbone_path else {}
    record |= {"missing_tasks": missing} if missing else {}
    write_json(path, record)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.truth,
            snakemake.input.images,
            snakemake.output[0],
            backbone_path=snakemake.input.get("backbone"),
            config=snakemake.params.config,
            missing=snakemake.params.missing,
        )

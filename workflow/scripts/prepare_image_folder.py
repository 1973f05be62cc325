"""Prepare a task of one's own: a folder of class folders, or a CSV file."""

from pathlib import Path
from typing import Any

from peftdiff.data.files import listing_checksum
from peftdiff.data.folders import read_own_task
from peftdiff.data.left_out import tally
from peftdiff.data.own_task import counts_by_class, split_own_task
from peftdiff.data.preparation import Preparation, write_prepared
from peftdiff.data.stratified import Sizes
from peftdiff.data.unreadable import leave_out_undecodable, naming_all_undecodable
from peftdiff.reporting.own_images import own_images, told
from peftdiff.runtime import job, logger, params_as_kwargs


def main(
    path: str,
    *,
    images_path: str,
    sizes: dict[str, Any],
    seed: int,
    unreadable: str,
    preparation: dict[str, Any],
) -> None:
    """Split the images at `images_path`, decode them and write them to `path`."""
    how, skip = Preparation(**preparation), unreadable == "skip"
    found = read_own_task(images_path, skip_lost=skip)
    left_out = list(found.left_out)
    if skip:
        for split, files in found.splits.items():
            kept, undecodable = leave_out_undecodable(files, found.classes, how)
            found.splits[split] = kept
            left_out += undecodable
    task = split_own_task(found, Sizes(**sizes), seed)
    origin = {"kind": "own", "path": images_path, "split_seed": seed}
    source = {
        "from": origin,
        "lists": {name: listing_checksum(part) for name, part in task.splits.items()},
        "images": counts_by_class(task.splits, found.classes),
        "left_out": tally([*left_out, *task.unused]),
        "notes": task.notes,
    }
    for own in own_images({"images": {Path(path).stem: source}}):
        logger.warning("%s", told(own))
    with naming_all_undecodable(found.splits.values(), found.classes, how):
        write_prepared(path, task.splits, found.classes, how, source)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.output[0], **params_as_kwargs(snakemake.params))

"""Prepare a task of one's own: a folder of class folders, or a CSV file."""

from typing import Any

from peftdiff.data.files import listing_checksum
from peftdiff.data.folders import read_own_task
from peftdiff.data.preparation import Preparation, write_prepared
from peftdiff.data.sampling import split_task
from peftdiff.data.unreadable import leave_out_undecodable, naming_all_undecodable
from peftdiff.runtime import job, params_as_kwargs


def main(
    images_path: str,
    path: str,
    *,
    train_size: int,
    test_size: int,
    seed: int,
    unreadable: str = "error",
    preparation: dict[str, Any],
) -> None:
    """Split the images at `images_path`, decode them and write them to `path`."""
    how = Preparation(**preparation)
    files, classes = read_own_task(images_path)
    left_out: list[dict[str, Any]] = []
    if unreadable == "skip":
        files, left_out = leave_out_undecodable(files, classes, how)
    splits = split_task(files, train_size, test_size, seed)
    lists = {name: listing_checksum(part) for name, part in splits.items()}
    images = {name: len(part.labels) for name, part in splits.items()}
    origin = {"kind": "own", "path": images_path, "split_seed": seed}
    source = {"from": origin, "lists": lists, "images": images}
    source |= {"left_out": left_out}
    with naming_all_undecodable([files], classes, how):
        write_prepared(path, splits, classes, how, source)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input[0],
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

"""Prepare the source from image files: a folder of class folders, or a CSV file."""

from typing import Any

from peftdiff.data.files import listing_checksum
from peftdiff.data.folders import read_source_folder
from peftdiff.data.left_out import tally
from peftdiff.data.own_task import counts_by_class
from peftdiff.data.preparation import Preparation, write_prepared
from peftdiff.data.sampling import draw_images, draw_shots
from peftdiff.data.splits import WHOLE
from peftdiff.data.unreadable import (
    FETCHED,
    SKIP,
    leave_out_undecodable,
    naming_all_undecodable,
)
from peftdiff.records import read_json
from peftdiff.runtime import UserError, job, params_as_kwargs


def main(
    path: str,
    *,
    images_path: str,
    manifest: str | None = None,
    images: int,
    shots: int | None,
    seed: int,
    stored_size: int | None,
    unreadable: str,
    preparation: dict[str, Any],
) -> None:
    """Draw images at `images_path`, decode their central squares, write them to `path`.

    `preparation` has the size of the model's input; `stored_size` may be larger.
    `manifest` says where downloaded images are from.
    """
    size = stored_size or preparation["size"]
    if size < preparation["size"]:
        raise UserError(
            f"config key 'source.stored_size' is {size}, less than the backbone's"
            f" input, {preparation['size']}; raise it, or leave it empty"
        )
    skip = unreadable == "skip"
    how = Preparation(**preparation | {"size": size, "resize": "crop"})
    found = read_source_folder(images_path, skip_lost=skip)
    files, classes = found.splits[WHOLE], found.classes
    if shots is None:
        drawn = draw_images(files, images, seed)
    else:
        drawn = draw_shots(files, classes, shots, seed)
    left_out = list(found.left_out)
    if skip:
        drawn, undecodable = leave_out_undecodable(drawn, classes, how)
        left_out += undecodable
    origin = (
        read_json(manifest) if manifest else {"kind": "folder", "path": images_path}
    )
    origin |= {"shots": shots, "draw_seed": seed}
    source = {"from": origin, "lists": {"train": listing_checksum(drawn)}}
    source |= {"images": counts_by_class({"train": drawn}, classes)}
    source |= {"left_out": tally(left_out), "notes": [], "stored_size": size}
    with naming_all_undecodable([drawn], classes, how, FETCHED if manifest else SKIP):
        write_prepared(path, {"train": drawn}, classes, how, source)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.output[0],
            manifest=snakemake.input.get("manifest"),
            **params_as_kwargs(snakemake.params),
        )

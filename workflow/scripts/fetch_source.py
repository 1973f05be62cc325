"""Draw the source's images from a dataset of the hub, for all experiments."""

import csv
import shutil
from pathlib import Path

from peftdiff.archives import require_space
from peftdiff.hub import HubDataset, fetch_file, list_files
from peftdiff.parquet import read_images, read_labels
from peftdiff.records import replacing, write_json
from peftdiff.runtime import job, logger, named
from peftdiff.tasks.files import file_checksum
from peftdiff.tasks.shards import Shard, draw_from_shards

INSTEAD = "give config key 'source.folder'"


def main(
    images_path: str, path: str, *, hub: dict[str, str], shots: int, seed: int
) -> None:
    """Write image files, their list to `images_path`, their origin to `path`.

    The images lie beside their list, each named after its file in the dataset and its
    row. `path` is written last.
    """
    dataset = HubDataset(hub["repository"], hub["revision"], "source.hub", INSTEAD)
    commit, files = list_files(dataset, hub["files"])
    cached: dict[str, Path] = {}

    def labels(file: str) -> tuple[list[str], tuple[str, ...] | None]:
        cached[file], _ = fetch_file(dataset, file, commit)
        return read_labels(cached[file], hub["label"])

    shards = draw_from_shards(files, labels, shots, seed)
    write_images(Path(images_path), shards, cached, hub["image"])
    origin = {"kind": "hub", "repository": dataset.repository, "revision": commit}
    origin |= {name: hub[name] for name in ("files", "image", "label")}
    origin |= {"shots": shots, "draw_seed": seed}
    read = [
        {"file": file, "bytes": at.stat().st_size, "sha256": file_checksum(at)}
        for file, at in cached.items()
    ]
    write_json(path, origin | {"shards": read})


def write_images(
    path: Path, shards: list[Shard], cached: dict[str, Path], column: str
) -> None:
    """Write the drawn images below the folder of `path`, and their list to it."""
    folder = path.parent
    shutil.rmtree(folder / "images", ignore_errors=True)
    shares = [
        cached[shard.file].stat().st_size * len(shard.rows) / max(1, len(shard.labels))
        for shard in shards
    ]
    require_space(path, int(sum(shares)), "keeping the images that were drawn")
    with (
        replacing(path) as draft,
        open(draft, "w", newline="", encoding="utf-8") as out,
    ):
        listed = csv.writer(out)
        listed.writerow(["path", "label"])
        for shard in shards:
            target = Path("images", shard.file)
            (folder / target).mkdir(parents=True)
            for row, content in read_images(cached[shard.file], column, shard.rows):
                (folder / target / f"{row:06d}").write_bytes(content)
                listed.writerow([target / f"{row:06d}", shard.labels[row]])
    logger.info("%d images of %d files", sum(len(s.rows) for s in shards), len(shards))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.output.images,
            snakemake.output.manifest,
            **named(snakemake.params),
        )

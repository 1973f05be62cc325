"""Draw the source's images from a dataset of the hub, for all experiments."""

from pathlib import Path

from peftdiff.data.files import file_checksum
from peftdiff.data.hub import HubDataset, fetch_file, list_files
from peftdiff.data.parquet import read_labels
from peftdiff.data.shards import draw_from_shards, write_images
from peftdiff.records import write_json
from peftdiff.runtime import job, params_as_kwargs

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
    origin = {
        "kind": "hub",
        "repository": dataset.repository,
        "revision": commit,
        **{name: hub[name] for name in ("files", "image", "label")},
        "shots": shots,
        "draw_seed": seed,
    }
    read = [
        {"file": file, "bytes": at.stat().st_size, "sha256": file_checksum(at)}
        for file, at in cached.items()
    ]
    write_json(path, origin | {"shards": read})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.output.images,
            snakemake.output.manifest,
            **params_as_kwargs(snakemake.params),
        )

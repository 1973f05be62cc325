"""Generate the images for pre-training the backbone and for source training."""

from peftdiff.data.images import write_images
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.tasks import method_source, pretraining_source


def main(
    pretraining_path: str,
    source_path: str | None,
    *,
    pretraining_size: int,
    source_size: int,
) -> None:
    """Write both sources, or the first alone where the other is a folder of images."""
    factors = pretraining_source(pretraining_size)
    names = [
        [f"{name} {number}" for number in range(count)]
        for name, count in zip(
            factors.target_names, factors.target_classes, strict=True
        )
    ]
    split = {"train": (factors.images, factors.targets)}
    write_images(pretraining_path, split, names)
    if source_path is None:
        return
    source = method_source(source_size)
    split = {"train": (source.images, source.labels)}
    write_images(source_path, split, [source.class_names])


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.output.pretraining,
            snakemake.output.get("source"),
            **params_as_kwargs(snakemake.params),
        )

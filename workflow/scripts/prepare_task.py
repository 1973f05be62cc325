"""Generate a task's training and test images."""

from peftdiff.data.images import write_images
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.tasks import generate_task


def main(path: str, *, task: str, train_size: int, test_size: int) -> None:
    """Write the images of `task` to `path`."""
    images = generate_task(task, train_size, test_size)
    splits = {
        "train": (images.train_images, images.train_labels),
        "test": (images.test_images, images.test_labels),
    }
    write_images(path, splits, [images.class_names])


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.output[0],
            task=snakemake.wildcards.task,
            **params_as_kwargs(snakemake.params),
        )

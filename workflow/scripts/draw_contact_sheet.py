"""Draw examples of each class of a task."""

import numpy as np

from peftdiff.data.images import read_images
from peftdiff.records import unavailable
from peftdiff.reporting.figures.contact_sheet import draw, draw_note
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(images_path: str, path: str, *, task: str) -> None:
    """Draw training images of `task`."""
    if reason := unavailable(images_path):
        return save(draw_note(f"unavailable: {reason}", task), [path])
    images = read_images(images_path, "train", {"mean": 0.0, "std": 1.0})
    pixels = np.asarray(images.pixels)
    save(draw(pixels, images.labels, images.class_names[0], task), [path])


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output[0], task=snakemake.wildcards.task)

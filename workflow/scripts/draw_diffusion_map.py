"""Draw the diffusion maps of one task."""

import numpy as np

from peftdiff.reporting.figures.diffusion_map import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(array_path: str, paths: list[str]) -> None:
    """Draw the panels that `map_diffusion` computed."""
    with np.load(array_path) as arrays:
        names = [str(name) for name in arrays["panels"]]
        panels = dict(zip(names, arrays["coordinates"], strict=True))
        classes = [str(name) for name in arrays["class_names"]]
        figure = draw(panels, arrays["labels"], classes, str(arrays["title"]))
    save(figure, paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output)

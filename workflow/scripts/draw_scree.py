"""Draw how fast the components of each embedding hold its variance."""

import numpy as np

from peftdiff.records import read_table
from peftdiff.reporting.figures.scree import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(complexity_path: str, curves_path: str, paths: list[str]) -> None:
    """Draw the curves, and the components for 95 % of the variance."""
    with np.load(curves_path) as arrays:
        curves = {tuple(name.split("/")): arrays[name] for name in arrays.files}
    save(draw(read_table(complexity_path), curves), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.complexity,
            snakemake.input.curves,
            snakemake.output,
        )

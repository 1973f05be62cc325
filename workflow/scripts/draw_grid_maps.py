"""Draw weighted tau along each two parameters."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.grid_maps import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(grid_path: str, choice_path: str, paths: list[str]) -> None:
    """Draw the grid, two parameters at a time."""
    save(draw(read_table(grid_path), read_table(choice_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input.grid, snakemake.input.choice, snakemake.output)

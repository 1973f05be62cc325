"""Draw the accuracy of every method on every task."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.accuracy import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(truth_path: str, paths: list[str]) -> None:
    """Draw the ground truth."""
    save(draw(read_table(truth_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output)

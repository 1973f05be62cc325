"""Draw the metrics' mean ranks, and which of them cannot be told apart."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.critical_difference import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(friedman_path: str, paths: list[str]) -> None:
    """Draw the table of Friedman's test."""
    save(draw(read_table(friedman_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output)

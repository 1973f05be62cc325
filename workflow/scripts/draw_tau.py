"""Draw the weighted tau of every metric on every task."""

from peftdiff.figures.output import save
from peftdiff.figures.tau import draw
from peftdiff.records import read_table
from peftdiff.runtime import job


def main(correlation_path: str, paths: list[str]) -> None:
    """Draw the correlation table."""
    save(draw(read_table(correlation_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output)

"""Draw the weighted tau of every metric on every task."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.style import save
from peftdiff.reporting.figures.tau import draw
from peftdiff.runtime import job


def main(correlation_path: str, summary_path: str, paths: list[str]) -> None:
    """Draw the correlation table, and the means' bands of chance."""
    save(draw(read_table(correlation_path), read_table(summary_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input.correlation, snakemake.input.summary, snakemake.output)

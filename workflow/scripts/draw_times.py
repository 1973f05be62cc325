"""Draw the minutes of scoring beside those of fine-tuning."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.style import save
from peftdiff.reporting.figures.times import draw
from peftdiff.runtime import job


def main(timing_path: str, paths: list[str]) -> None:
    """Draw the table of times."""
    save(draw(read_table(timing_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output)

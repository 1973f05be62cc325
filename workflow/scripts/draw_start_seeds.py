"""Draw the score's spread over start vectors of the eigensolver."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.start_seeds import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(choices_path: str, paths: list[str]) -> None:
    """Draw the variants in the table of choices."""
    save(draw(read_table(choices_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output)

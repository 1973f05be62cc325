"""Draw what each choice of the score's definition changes."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.choices import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(choices_path: str, paths: list[str]) -> None:
    """Draw the table of choices."""
    save(draw(read_table(choices_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output)

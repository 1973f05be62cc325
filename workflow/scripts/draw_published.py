"""Draw the published figures: metrics, static order and sources on one axis."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.published import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(taus_path: str, agreement_path: str, paths: list[str]) -> None:
    """Draw the taus and their means over tasks."""
    save(draw(read_table(taus_path), read_table(agreement_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input.taus, snakemake.input.agreement, snakemake.output)

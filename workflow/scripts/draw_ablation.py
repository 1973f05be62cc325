"""Draw what either class distance says alone."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.ablation import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(ablation_path: str, paths: list[str]) -> None:
    """Draw the ablation table."""
    save(draw(read_table(ablation_path)), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output)

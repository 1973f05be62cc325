"""Draw the PEFTDiff score against accuracy."""

from peftdiff.records import read_table
from peftdiff.reporting.figures.scores import draw
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(
    scores_path: str, truth_path: str, correlation_path: str, paths: list[str]
) -> None:
    """Draw the first metric of the table, which is the experiment's own."""
    scores = read_table(scores_path)
    truth, correlation = read_table(truth_path), read_table(correlation_path)
    save(draw(scores, truth, correlation, scores["metric"].iloc[0]), paths)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.scores,
            snakemake.input.truth,
            snakemake.input.correlation,
            snakemake.output,
        )

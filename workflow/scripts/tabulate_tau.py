"""Write the weighted taus as a page of text."""

from peftdiff.correlation import tau_page
from peftdiff.records import read_table, write_text
from peftdiff.runtime import job


def main(correlation_path: str, reliability_path: str, path: str) -> None:
    """Write the page that the main job ends with."""
    write_text(
        path, tau_page(read_table(correlation_path), read_table(reliability_path))
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.correlation,
            snakemake.input.reliability,
            snakemake.output[0],
        )

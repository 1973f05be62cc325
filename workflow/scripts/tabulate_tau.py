"""Write the weighted taus as a page of text."""

from peftdiff.page import tau_page
from peftdiff.records import read_table, write_text
from peftdiff.runtime import job, named


def main(
    correlation_path: str,
    reliability_path: str,
    summary_path: str,
    path: str,
    *,
    methods: list[str],
) -> None:
    """Write the page that the main job ends with."""
    tables = map(read_table, (correlation_path, reliability_path, summary_path))
    write_text(path, tau_page(*tables, n_configured=len(methods)))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.correlation,
            snakemake.input.reliability,
            snakemake.input.summary,
            snakemake.output[0],
            **named(snakemake.params),
        )

"""Write the published figures as a page of text."""

from peftdiff.records import read_table, write_text
from peftdiff.reporting.pages.published import published_page
from peftdiff.runtime import job


def main(
    averages_path: str, agreement_path: str, ceilings_path: str, path: str
) -> None:
    """Write the page for people."""
    paths = (averages_path, agreement_path, ceilings_path)
    tables = [read_table(path).fillna({"note": "", "printed_as": ""}) for path in paths]
    write_text(path, published_page(*tables))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.averages,
            snakemake.input.agreement,
            snakemake.input.ceilings,
            snakemake.output[0],
        )

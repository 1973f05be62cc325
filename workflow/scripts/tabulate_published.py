"""Write the published figures as a page of text."""

import pandas as pd

from peftdiff.records import read_table, write_text
from peftdiff.reporting.pages.published import published_page
from peftdiff.runtime import job


def main(
    averages_path: str, agreement_path: str, ceilings_path: str, path: str
) -> None:
    """Write the page for people."""
    page = published_page(
        poster=read(averages_path),
        means=read(agreement_path),
        ceilings=read(ceilings_path),
    )
    write_text(path, page)


def read(path: str) -> pd.DataFrame:
    """Return a table whose empty words are empty texts."""
    return read_table(path).fillna({"note": "", "printed_as": ""})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.averages,
            snakemake.input.agreement,
            snakemake.input.ceilings,
            snakemake.output[0],
        )

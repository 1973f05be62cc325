"""Write the weighted taus as a page of text."""

from peftdiff.config import FINE_TUNE
from peftdiff.evaluation.published import source_label
from peftdiff.records import read_table, write_text
from peftdiff.reporting.pages.tau import tau_page
from peftdiff.runtime import job, params_as_kwargs


def main(
    correlation_path: str,
    reliability_path: str,
    summary_path: str,
    judged_paths: tuple[str, str],
    path: str,
    *,
    methods: list[str],
    source: str,
) -> None:
    """Write the page that the main job ends with.

    `source` is where the ground truth is from: fine-tuning, or a published table.
    """
    page = tau_page(
        read_table(correlation_path),
        read_table(reliability_path),
        read_table(summary_path),
        n_configured=len(methods),
        judged=(read_table(judged_paths[0]), read_table(judged_paths[1])),
        published="" if source == FINE_TUNE else source_label(source),
    )
    write_text(path, page)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.correlation,
            snakemake.input.reliability,
            snakemake.input.summary,
            (snakemake.input.tasks, snakemake.input.standings),
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

"""Gather the seconds of scoring and of fine-tuning, and compare them."""

from peftdiff.evaluation.studies.times import gather_times, times_by_group
from peftdiff.records import read_json, read_table, read_tables, write_table, write_text
from peftdiff.reporting.pages.times import times_page
from peftdiff.runtime import job, params_as_kwargs
from peftdiff.stages import source_times
from peftdiff.stages.store import RunStore, read_models

POSTER = ("group", "peftdiff_minutes", "fine_tuning_minutes", "speed_up")


def main(
    scores_path: str,
    components_path: str,
    truth_path: str,
    *,
    embedding_paths: list[str],
    method_paths: list[str],
    poster_path: str,
    provenance_path: str,
    path: str,
    times_path: str,
    page_path: str,
    methods: list[str],
    store: str,
) -> None:
    """Write the seconds of every stage, minutes and speed-ups, and their page."""
    embedding = read_tables(embedding_paths) if embedding_paths else None
    trained = dict(zip(methods, map(read_models, method_paths), strict=True))
    source = source_times(RunStore(store), trained)
    timing = gather_times(
        read_table(scores_path),
        read_table(components_path),
        read_table(truth_path),
        embedding=embedding,
        source=source,
    )
    times = times_by_group(timing)
    write_table(path, timing)
    write_table(times_path, times)
    poster = read_table(poster_path, POSTER)
    machine = read_json(provenance_path)["machine"]
    write_text(page_path, times_page(times, timing, poster, machine))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.scores,
            snakemake.input.components,
            snakemake.input.truth,
            embedding_paths=list(snakemake.input.embedding),
            method_paths=list(snakemake.input.methods),
            poster_path=snakemake.input.poster,
            provenance_path=snakemake.input.provenance,
            path=snakemake.output.timing,
            times_path=snakemake.output.times,
            page_path=snakemake.output.page,
            **params_as_kwargs(snakemake.params),
        )

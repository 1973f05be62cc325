"""Write the summary page of an experiment."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from peftdiff.records import read_json, read_table, read_usage, write_text
from peftdiff.reporting.webpage import Picture, page_contents, render
from peftdiff.runtime import job, params_as_kwargs


def main(
    tables: Sequence[str],
    published: Sequence[str],
    record: str,
    figures: Sequence[str],
    captions: Sequence[str],
    parts: Sequence[str],
    path: str,
    *,
    logs: str,
    titles: Mapping[str, str],
    remedy: str,
) -> None:
    """Write the page; the times of jobs are read where there are any below `logs`."""
    found = {Path(table).stem: read_table(table) for table in tables}
    poster = {Path(table).stem: read_table(table) for table in published}
    page = page_contents(found, poster, read_json(record), read_usage(logs))
    words = {Path(caption).stem: _read(caption) for caption in captions}
    pictures = {
        name: read_picture(name, figures, titles[name], words[name]) for name in words
    }
    texts = {Path(part).name: _read(part) for part in parts}
    write_text(path, render(page, pictures, texts, remedy=remedy))


def read_picture(
    name: str, figures: Sequence[str], title: str, caption: str
) -> Picture:
    """Return a figure in that of its formats which is smaller."""
    own = [Path(figure) for figure in figures if Path(figure).stem == name]
    smallest = min(own, key=lambda file: file.stat().st_size)
    kind = smallest.suffix.removeprefix(".")
    return Picture(smallest.read_bytes(), kind, title, caption)


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").strip()


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            [*snakemake.input.tables, *snakemake.input.studies],
            snakemake.input.published,
            snakemake.input.record,
            snakemake.input.figures,
            snakemake.input.captions,
            snakemake.input.parts,
            snakemake.output[0],
            **params_as_kwargs(snakemake.params),
        )

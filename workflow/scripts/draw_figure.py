"""Draw a figure of the table FIGURES."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from peftdiff.records import read_table
from peftdiff.reporting.figures import draw_figure
from peftdiff.reporting.figures.style import save
from peftdiff.runtime import job


def main(sources: Mapping[str, str], paths: Sequence[str], *, name: str) -> None:
    """Draw the figure `name` from the files of its tables and arrays, given by name."""
    save(draw_figure(name, {key: read(path) for key, path in sources.items()}), paths)


def read(path: str) -> Any:
    """Return a table, or the arrays of a file by name."""
    if not path.endswith(".npz"):
        return read_table(path)
    with np.load(path) as arrays:
        return dict(arrays)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            dict(snakemake.input.items()),
            list(snakemake.output),
            name=snakemake.params.name,
        )

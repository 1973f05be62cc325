"""The complexity of the embeddings as a page of text, beside the poster's words."""

from __future__ import annotations

import math

import pandas as pd

from peftdiff.embeddings import BACKBONE
from peftdiff.evaluation.studies.complexity import CNN, mean_fractions, methods_of
from peftdiff.reporting.pages.markdown import markdown, paragraph

LEGEND = (
    "Components: the smallest number of principal components that hold 95 % of an"
    " embedding's variance (columns centered, not scaled), and the percentage of its"
    " dimensions that this is. Methods: mean over the pool, seeds averaged first, and"
    " the method with the least and with the most."
)
POSTER = (
    "The poster: ResNet-152 needs approximately 7 % of its components, the methods"
    " 30-50 %. It does not say for which images, or whether these are means over tasks."
)


def complexity_page(complexity: pd.DataFrame, cnn: str) -> str:
    """Return the page of `measure_complexity`, as wide as a terminal.

    Parameters
    ----------
    complexity
        Rows of complexity.csv.
    cnn
        What the CNN is, in words.
    """
    means = mean_fractions(complexity)
    methods = methods_of(complexity)
    tasks = list(complexity["task"].drop_duplicates())
    rows = [_row(task, means[means["task"] == task], methods) for task in tasks]
    if len(tasks) > 1:
        names = ["components_95", "fraction_95"]
        over = means.groupby("model")[names].mean(skipna=False)
        rows.insert(0, _row(f"mean of {len(tasks)}", over.reset_index(), methods))
    header = ["task", "backbone", "methods", "least", "most", "CNN"]
    texts = [*_notes(complexity), LEGEND, _contents(complexity, cnn), POSTER]
    parts = [
        f"# Components for 95 % of the variance: {complexity['experiment'].iloc[0]}",
        markdown(pd.DataFrame(rows, columns=header)),
        "\n\n".join(map(paragraph, texts)),
    ]
    return "\n\n".join(parts) + "\n"


def _row(name: str, means: pd.DataFrame, methods: list[str]) -> list[str]:
    values = means.set_index("model")[["components_95", "fraction_95"]]
    pool = values.reindex(methods)
    fractions = pool["fraction_95"]
    extremes = ["", ""]
    if fractions.notna().any():
        ordered = pool.sort_values("fraction_95", kind="stable").dropna()
        extremes = [f"{ordered.index[i]}, {_cell(ordered.iloc[i])}" for i in (0, -1)]
    return [
        name,
        _cell(values.reindex([BACKBONE]).iloc[0]),
        _cell(pool.mean(skipna=False)),
        *extremes,
        _cell(values.reindex([CNN]).iloc[0]),
    ]


def _cell(values: pd.Series) -> str:
    count, fraction = float(values["components_95"]), float(values["fraction_95"])
    if math.isnan(fraction):
        return "undefined"
    return f"{count:.3g} ({100 * fraction:.0f} %)"


def _contents(complexity: pd.DataFrame, cnn: str) -> str:
    def size(model: str) -> str:
        sizes = complexity.loc[complexity["model"] == model, "dimension"].unique()
        return ", ".join(map(str, sizes))

    images = ", ".join(map(str, complexity["n_images"].unique()))
    return (
        f"Images of a task: {images}. Dimensions: {size(BACKBONE)} of the backbone and"
        f" the methods, {size(CNN)} of the CNN ({cnn})."
    )


def _notes(complexity: pd.DataFrame) -> list[str]:
    """Say for which models something is noted in the table."""
    noted = complexity[complexity["note"].fillna("") != ""]
    return [
        f"{note} ({len(table)} of {len(complexity)} rows: "
        f"{', '.join(table['model'].drop_duplicates())})."
        for note, table in noted.groupby("note", sort=False)
    ]
